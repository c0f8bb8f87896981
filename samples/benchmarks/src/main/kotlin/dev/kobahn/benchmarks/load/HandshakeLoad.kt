package dev.kobahn.benchmarks.load

import dev.kobahn.benchmarks.Payload

/**
 * Whole lives of connections, [atOnce] of them at a time: TCP connect, opening handshake, Close
 * frames both ways, end of the transport. The server closes it first, as RFC 6455 section 7.1.1 has
 * it. The latency is that of the opening, from the TCP connect to the 101.
 */
internal class HandshakeLoad(private val target: Target, private val atOnce: Int) : Load {
    private val loop = LoadLoop()
    private val meter = Meter()
    private val leaving = ArrayDeque<Life>()
    private val places = ArrayDeque((0 until atOnce).toList())
    private var alive = 0
    private var goingOn = false

    override fun open() = Unit

    override fun run(nanos: Long): LoadResult {
        goingOn = true
        repeat(atOnce - alive) { begin() }
        return meter.run(loop, nanos, "the handshakes").also { goingOn = false }
    }

    private fun begin() {
        alive++
        val life = Life(places.removeFirst())
        life.connection = LoadConnection(loop, target, life, place = life.place)
    }

    override fun close() {
        try {
            loop.run(System.nanoTime() + LAST_TIME, "the last handshakes") { alive == 0 }
        } finally {
            leaving.forEach { it.connection.close(abruptly = true) }
            loop.close()
        }
    }

    private inner class Life(val place: Int) : Talk {
        override val check: MessageCheck = ExpectedMessages(Payload.ascii(Payload.MARK_SIZE), 0)
        lateinit var connection: LoadConnection
        private var closedAt = 0L
        private var gone = false

        override fun opened(connection: LoadConnection, extensions: String?) {
            meter.record(System.nanoTime() - connection.began)
            connection.sendClose()
        }

        override fun message(): Unit = throw WrongEcho("a message nobody sent")

        override fun closeReceived(connection: LoadConnection) {
            closedAt = System.nanoTime()
            leaving.addLast(this)
            alive--
            places.addLast(place)
            if (goingOn) begin()
        }

        override fun ended(connection: LoadConnection) {
            if (closedAt == 0L) super.ended(connection)
            gone = true
            connection.close()
            while (leaving.firstOrNull()?.isOver() == true) leaving.removeFirst()
        }

        /** Some servers wait for the client; it does not wait for ever. */
        private fun isOver(): Boolean {
            val isLate = System.nanoTime() - closedAt > LEAVE_TIME
            if (!gone && isLate) connection.close(abruptly = true)
            return gone || isLate
        }
    }

    private companion object {
        const val LEAVE_TIME = 500_000_000L
        const val LAST_TIME = 10_000_000_000L
    }
}
