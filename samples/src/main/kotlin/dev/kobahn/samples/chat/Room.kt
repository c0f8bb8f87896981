package dev.kobahn.samples.chat

import dev.kobahn.PreparedMessage
import dev.kobahn.SlowConsumer
import dev.kobahn.WebSocket
import dev.kobahn.WebSocketGroup

/**
 * The people in a room and the last lines that were said. Thread-safe: each function holds the
 * room's monitor, for a moment, as none of them waits; whoever reads too slowly is disconnected.
 *
 * @param now the time in milliseconds since 1970
 */
internal class Room(private val name: String, private val now: () -> Long) {
    private val group = WebSocketGroup(SlowConsumer.Disconnect(maxQueueSize = MOST_WAITING))
    private val people = LinkedHashMap<String, WebSocket>()
    private val history = ArrayDeque<ChatMessage.Line>()

    /** Whether nobody is here. */
    val isEmpty: Boolean @Synchronized get() = people.isEmpty()

    /** Lets [webSocket] in, which is new, as [wanted] or with a number after it; returns the name. */
    @Synchronized
    fun join(wanted: String, webSocket: WebSocket): String {
        val given = free(wanted)
        webSocket.trySend(ChatMessage.Welcome(name, given, people.keys + given, history).encode())
        toAll(ChatMessage.Joined(now(), given))
        people[given] = webSocket
        group.add(webSocket)
        return given
    }

    /** Tells everybody, the speaker [from] too, what was said. */
    @Synchronized
    fun say(from: String, text: String) {
        val line = ChatMessage.Line(now(), from, text)
        history.addLast(line)
        if (history.size > HISTORY) history.removeFirst()
        toAll(line)
    }

    /** Somebody goes. */
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
        /** How many lines are kept for those who come later. */
        const val HISTORY = 50

        /** How many bytes may wait for somebody who reads slowly. */
        private const val MOST_WAITING = 1024L * 1024
    }
}
