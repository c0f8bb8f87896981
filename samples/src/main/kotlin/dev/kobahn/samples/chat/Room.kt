package dev.kobahn.samples.chat

import dev.kobahn.PreparedMessage
import dev.kobahn.SlowConsumer
import dev.kobahn.WebSocket
import dev.kobahn.WebSocketGroup

/**
 * The people in a room, and its last lines. Thread-safe: each function holds the room's monitor for
 * a moment, because none of them waits. A person who reads too slowly is disconnected.
 *
 * @param now the time in milliseconds since 1970
 */
internal class Room(private val name: String, private val now: () -> Long) {
    private val group = WebSocketGroup(SlowConsumer.Disconnect(maxQueueSize = MOST_WAITING))
    private val people = LinkedHashMap<String, WebSocket>()
    private val history = ArrayDeque<ChatMessage.Line>()

    /** Whether the room has no people. */
    val isEmpty: Boolean @Synchronized get() = people.isEmpty()

    /**
     * Adds the new [webSocket] as [wanted], or with a number after it if it is taken. Returns
     * the name.
     */
    @Synchronized
    fun join(wanted: String, webSocket: WebSocket): String {
        val given = free(wanted)
        webSocket.trySend(ChatMessage.Welcome(name, given, people.keys + given, history).encode())
        toAll(ChatMessage.Joined(now(), given))
        people[given] = webSocket
        group.add(webSocket)
        return given
    }

    /** Sends [text] to all people in the room, the speaker [from] included. */
    @Synchronized
    fun say(from: String, text: String) {
        val line = ChatMessage.Line(now(), from, text)
        history.addLast(line)
        if (history.size > HISTORY) history.removeFirst()
        toAll(line)
    }

    /** Removes the person with [name]. */
    @Synchronized
    fun leave(name: String) {
        group.remove(people.remove(name) ?: return)
        toAll(ChatMessage.Left(now(), name))
    }

    private fun free(wanted: String): String {
        if (wanted !in people) return wanted
        return generateSequence(2) { it + 1 }.map { "$wanted $it" }.first { it !in people }
    }

    private fun toAll(message: ChatMessage) {
        group.trySend(PreparedMessage(message.encode()))
    }

    companion object {
        /** The number of lines kept for people who join later. */
        const val HISTORY = 50

        /** The number of bytes that may wait for a slow person. */
        private const val MOST_WAITING = 1024L * 1024
    }
}
