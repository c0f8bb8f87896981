package dev.kobahn.internal.connection

/** Completes the opening handshake when the application begins to receive. */
internal interface Opener {
    /**
     * Has the handshake completed, at once where the caller is on the loop. If that fails, or can
     * no longer be done, receiving ends with the reason.
     */
    fun openSoon()
}
