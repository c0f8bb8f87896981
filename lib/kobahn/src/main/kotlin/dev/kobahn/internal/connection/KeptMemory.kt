package dev.kobahn.internal.connection

/** Memory that somebody else keeps for a connection that cannot take it yet. It counts as the connection's. */
internal interface KeptMemory {
    /** How much it is, in octets; from any thread, which it must not keep waiting. */
    val weight: Long

    /** Looks anew at what others keep too: they may have become fewer. */
    fun reassess()

    /** A connection something can be kept for. Its methods may be called from any thread. */
    interface Owner {
        /** From now on [memory] counts, until [release]. */
        fun retain(memory: KeptMemory)

        fun release(memory: KeptMemory)

        /** Something of it has changed. */
        fun weigh()
    }
}
