package dev.kobahn.benchmarks.load

import dev.kobahn.benchmarks.Payload
import java.io.Closeable

/** Connections that are opened and left alone. */
internal class IdleLoad(private val target: Target, private val payload: Payload) : Closeable {
    private val loop = LoadLoop()
    private val opening = Opening(loop)
    private val idle = ArrayList<Idle>()
    private var unanswered = 0

    /** Opens [count] connections more. */
    fun open(count: Int) = opening.open(count) { index ->
        val talk = Idle(idle.size)
        idle.add(talk)
        LoadConnection(loop, target, talk, index).also { talk.connection = it }
    }

    /** Has every connection echo one message, so that all are known to live. */
    fun echo() {
        val deadline = System.nanoTime() + TIME
        for (talk in idle) {
            unanswered++
            talk.send()
            loop.run(deadline, "the echoes") { unanswered < MOST_UNANSWERED }
        }
        loop.run(deadline, "the echoes") { unanswered == 0 }
    }

    /** Serves the connections, on which nothing happens, for [nanos]. */
    fun rest(nanos: Long) {
        val end = System.nanoTime() + nanos
        loop.run(end + TIME, "the rest") { System.nanoTime() > end }
    }

    override fun close() {
        idle.forEach { it.connection.close() }
        loop.close()
    }

    private inner class Idle(index: Int) : Talk {
        override val check: MessageCheck = ExpectedMessages(payload, index)
        private val encoder = MessageEncoder(payload, index, compressed = false)
        private var sent = 0L
        lateinit var connection: LoadConnection

        fun send() {
            encoder.encode(sent++, loop.output, connection.masks)
            connection.flush()
        }

        override fun opened(connection: LoadConnection, extensions: String?) = opening.opened()

        override fun message() {
            unanswered--
        }
    }

    private companion object {
        const val MOST_UNANSWERED = 64
        const val TIME = 30_000_000_000L
    }
}
