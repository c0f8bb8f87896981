package dev.kobahn.internal.connection

/** Completes the opening handshake when the application begins to receive. */
internal interface Opener {
    suspend fun open()

    /** As [open] where nothing suspends: what it does may come later. */
    fun openSoon()

    /** Of connections that are open before the application sees them. */
    object Done : Opener {
        override suspend fun open() = Unit

        override fun openSoon() = Unit
    }
}
