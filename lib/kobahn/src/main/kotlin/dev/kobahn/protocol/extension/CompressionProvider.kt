package dev.kobahn.protocol.extension

/**
 * Makes compressions of another module known: a server reads the offers of those that its
 * acceptor may accept. Register an implementation with a public constructor without parameters as a
 * service (see `java.util.ServiceLoader`); `kobahn-codecs` does.
 */
public interface CompressionProvider {
    /** Returns the compressions that work here. Called once, from any thread. */
    public fun compressions(): List<PerMessageCompression>
}
