package dev.kobahn.benchmarks.load

import dev.kobahn.benchmarks.Payload

/**
 * Connections of which [atOnce] have a message under way. When an echo has arrived and is right the
 * next message is sent on the connection that has waited longest: all of them are used alike, and
 * the server finds as many of them ready whether there are ten or fifty thousand.
 */
internal class RoundsLoad(
    private val target: Target,
    private val payload: Payload,
    private val connections: Int,
    private val atOnce: Int,
) : Load {
    private val loop = LoadLoop()
    private val opening = Opening(loop)
    private val meter = Meter()
    private val members = ArrayList<Member>(connections)
    private val resting = ArrayDeque<Member>(connections)
    private var sending = false
    private var underWay = 0

    override var unanswered = 0
        private set

    override fun open() {
        opening.open(connections) { index ->
            val member = Member(index).also(members::add)
            LoadConnection(loop, target, member, index).also { member.connection = it }
        }
        resting.addAll(members)
    }

    override fun run(nanos: Long): LoadResult {
        sending = true
        send()
        return meter.run(loop, nanos, "the rounds").also { sending = false }
    }

    private fun send() {
        while (sending && underWay < atOnce) {
            underWay++
            resting.removeFirst().send()
        }
    }

    /** Waits for the echoes that are under way; a farewell of all would take longer than the rest. */
    override fun close() {
        try {
            val end = System.nanoTime() + PATIENCE
            loop.run(end + PATIENCE, "the last echoes") {
                underWay == 0 || System.nanoTime() > end
            }
            unanswered = underWay
        } finally {
            members.forEach { it.connection.close(abruptly = true) }
            loop.close()
        }
    }

    private inner class Member(index: Int) : Talk {
        override val check: MessageCheck = ExpectedMessages(payload, index)
        private val encoder = MessageEncoder(payload, index, compressed = false)
        private var sent = 0L
        private var sentAt = 0L
        lateinit var connection: LoadConnection

        fun send() {
            encoder.encode(sent++, loop.output, connection.masks)
            sentAt = System.nanoTime()
            connection.flush()
        }

        override fun opened(connection: LoadConnection, extensions: String?) = opening.opened()

        override fun message() {
            meter.record(System.nanoTime() - sentAt)
            underWay--
            resting.addLast(this)
        }

        override fun turnEnd(connection: LoadConnection) = this@RoundsLoad.send()
    }

    private companion object {
        const val PATIENCE = 5_000_000_000L
    }
}
