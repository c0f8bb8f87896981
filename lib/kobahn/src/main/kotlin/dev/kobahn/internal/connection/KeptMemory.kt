package dev.kobahn.internal.connection

/** Memory that a group keeps for a connection that cannot take it yet. It counts as the connection's. */
internal interface KeptMemory {
    /** The size in bytes. Asked for from any thread, under a monitor, so it waits for nobody. */
    val weight: Long

    /** Counts anew the memory that several connections share: their number may have changed. */
    fun reassess()
}
