package dev.kobahn.protocol.extension

/**
 * Makes the compressions of another module known to servers, which read only offers of known ones.
 * Register an implementation with a public constructor without parameters as a service (see
 * `java.util.ServiceLoader`), like `kobahn-codecs` does.
 */
public interface CompressionProvider {
    /** Returns the compressions that work on this system. Called once, from any thread. */
    public fun compressions(): List<PerMessageCompression>
}
