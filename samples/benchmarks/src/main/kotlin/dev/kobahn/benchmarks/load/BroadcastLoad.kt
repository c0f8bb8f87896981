package dev.kobahn.benchmarks.load

import dev.kobahn.benchmarks.Payload

/**
 * One connection sends a message that the server passes on to all of them, itself included. The
 * next one is sent when every connection has got it and found it right. Deliveries are counted.
 */
internal class BroadcastLoad(
    private val target: Target,
    private val payload: Payload,
    private val connections: Int,
) : Load {
    private val loop = LoadLoop()
    private val opening = Opening(loop)
    private val meter = Meter()
    private val members = ArrayList<LoadConnection>()
    private val encoder = MessageEncoder(payload, SENDER, compressed = false)
    private var sending = false
    private var closing = false
    private var sent = 0L
    private var sentAt = 0L
    private var missing = 0

    override fun open() {
        opening.open(connections) { index ->
            LoadConnection(loop, target, Member(), index).also(members::add)
        }
        // a server may answer the handshake before it counts the connection among its members
        val end = System.nanoTime() + JOIN_TIME
        loop.run(end + CLOSE_TIME, "joining") { System.nanoTime() > end }
    }

    override fun run(nanos: Long): LoadResult {
        sending = true
        if (missing == 0) send()
        return meter.run(loop, nanos, "the broadcasts").also { sending = false }
    }

    private fun send() {
        missing = connections
        sentAt = System.nanoTime()
        encoder.encode(sent++, loop.output, masked = true)
        members[0].flush()
    }

    private fun delivered() {
        meter.record(System.nanoTime() - sentAt)
        if (--missing == 0 && sending) send()
    }

    override fun close() {
        try {
            loop.run(System.nanoTime() + CLOSE_TIME, "the last deliveries") { missing == 0 }
            closing = true
            members.forEach { it.sendClose() }
            val end = System.nanoTime() + PATIENCE
            loop.run(end + CLOSE_TIME, "closing") {
                missing == -members.size || System.nanoTime() > end
            }
        } finally {
            members.forEach { it.close(abruptly = true) }
            loop.close()
        }
    }

    private inner class Member : Talk {
        override val check: MessageCheck = ExpectedMessages(payload, SENDER)

        override fun opened(connection: LoadConnection, extensions: String?) = opening.opened()

        override fun message() = delivered()

        override fun closeReceived(connection: LoadConnection) {
            if (!closing) super.closeReceived(connection)
        }

        override fun ended(connection: LoadConnection) {
            if (!closing) super.ended(connection)
            missing--
            connection.close(abruptly = true)
        }
    }

    private companion object {
        const val SENDER = 0
        const val JOIN_TIME = 200_000_000L
        const val CLOSE_TIME = 10_000_000_000L

        /** Servers that do not end the transport are not waited for longer. */
        const val PATIENCE = 2_000_000_000L
    }
}
