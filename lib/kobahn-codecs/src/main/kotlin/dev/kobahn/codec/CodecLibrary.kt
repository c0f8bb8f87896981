package dev.kobahn.codec

/**
 * A third-party library that a compression needs. It may not work on this platform.
 *
 * @param artifact the dependency to add, as `groupId:artifactId`
 * @param probe uses the library, so that it fails with a [LinkageError] if the library is missing
 * or has no native part for this machine
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

    /**
     * Checks that the library works.
     *
     * @throws IllegalStateException if it does not; the message names the artifact
     */
    fun require() {
        val cause = failure ?: return
        throw IllegalStateException("$extensionName needs the dependency $artifact", cause)
    }
}
