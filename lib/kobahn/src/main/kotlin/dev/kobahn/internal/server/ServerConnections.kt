package dev.kobahn.internal.server

/**
 * The connections a server has now, in no order. They are a chain, so that being in it costs each
 * two fields and no object more. Thread-safe.
 */
internal class ServerConnections {
    private var first: ServerConnection? = null

    val isEmpty: Boolean @Synchronized get() = first == null

    @Synchronized
    fun add(connection: ServerConnection) {
        connection.next = first
        first?.previous = connection
        first = connection
    }

    /** Removes [connection], which is there. */
    @Synchronized
    fun remove(connection: ServerConnection) {
        val previous = connection.previous
        val next = connection.next
        if (previous == null) first = next else previous.next = next
        next?.previous = previous
        connection.previous = null
        connection.next = null
    }

    /** Those of this moment. */
    @Synchronized
    fun toList(): List<ServerConnection> = generateSequence(first) { it.next }.toList()
}
