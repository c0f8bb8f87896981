package dev.kobahn.codec

/**
 * The library of another project that a compression needs. It may not work on this platform.
 *
 * @param artifact what to add to the dependencies, as `groupId:artifactId`
 * @param probe uses the library, so that it fails with a [LinkageError] if it is not there or has no
 * native part for this machine
 */
internal class CodecLibrary(
    private val extensionName: String,
    private val artifact: String,
    private val probe: () -> Unit,
) {
    private val failure: LinkageError? by lazy {
        try {
            probe()
            null
        } catch (e: LinkageError) {
            e
        }
    }

    val isThere: Boolean get() = failure == null

    /** @throws IllegalStateException if it is not there, naming the artifact */
    fun require() {
        val cause = failure ?: return
        throw IllegalStateException("$extensionName needs the dependency $artifact", cause)
    }
}
