package dev.kobahn.samples.chat

import dev.kobahn.samples.Outbox

/**
 * The people in a room and the last lines that were said. Thread-safe: each function holds the
 * room's monitor, for a moment, as none of them waits; outboxes keep slow readers from holding
 * anybody up.
 *
 * @param now the time in milliseconds since 1970
 */
internal class Room(private val name: String, private val now: () -> Long) {
    private val outboxes = LinkedHashMap<String, Outbox>()
    private val history = ArrayDeque<ChatMessage.Line>()

    /** Whether nobody is here. */
    val isEmpty: Boolean @Synchronized get() = outboxes.isEmpty()

    /** Lets the owner of [outbox] in, as [wanted] or with a number after it; returns the name. */
    @Synchronized
    fun join(wanted: String, outbox: Outbox): String {
        val given = free(wanted)
        toAll(ChatMessage.Joined(now(), given))
        outboxes[given] = outbox
        outbox.offer(ChatMessage.Welcome(name, given, outboxes.keys, history).encode())
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
        if (outboxes.remove(name) != null) toAll(ChatMessage.Left(now(), name))
    }

    private fun free(wanted: String): String {
        if (wanted !in outboxes) return wanted
        return generateSequence(2) { it + 1 }.map { "$wanted $it" }.first { it !in outboxes }
    }

    private fun toAll(message: ChatMessage) {
        val encoded = message.encode()
        outboxes.values.forEach { it.offer(encoded) }
    }

    companion object {
        /** How many lines are kept for those who come later. */
        const val HISTORY = 50
    }
}
