package dev.kobahn.benchmarks.load

import dev.kobahn.benchmarks.Payload

/**
 * Connections that each keep [inFlight] messages under way: for every echo that arrives and is
 * right the next message is sent. What one turn of the loop makes a connection send leaves in one
 * write.
 */
internal class EchoLoad(
    private val target: Target,
    private val payload: Payload,
    private val connections: Int,
    private val inFlight: Int,
) : Load {
    private val loop = LoadLoop()
    private val opening = Opening(loop)
    private val meter = Meter()
    private val talks = ArrayList<Echo>()
    private var sending = false
    private var ended = 0

    private var extensions: String? = null

    override val note: String?
        get() {
            val checks = talks.mapNotNull { it.check as? InflatingCheck }
            val checked = checks.sumOf { it.checked }
            if (checked == 0L) return extensions
            return "$extensions; answers shrink to ${100 * checks.sumOf { it.arrived } / checked} %"
        }

    override fun open() {
        opening.open(connections) { index ->
            val echo = Echo(index)
            talks.add(echo)
            LoadConnection(loop, target, echo, index)
        }
    }

    override fun run(nanos: Long): LoadResult {
        sending = true
        talks.forEach { it.fill() }
        return meter.run(loop, nanos, "the echoes")
    }

    override var unanswered = 0
        private set

    /** Waits for the echoes that are under way, so that all are checked, and closes politely. */
    override fun close() {
        sending = false
        try {
            runAtMost(CLOSE_TIME, "the last echoes") { talks.all { it.isIdle } }
            unanswered = talks.count { !it.isIdle }
            if (target.raw) return
            talks.forEach { it.closePolitely() }
            runAtMost(PATIENCE, "closing") { ended == talks.size }
        } finally {
            talks.forEach { it.drop() }
            loop.close()
        }
    }

    private fun runAtMost(nanos: Long, what: String, done: () -> Boolean) {
        val end = System.nanoTime() + nanos
        loop.run(end + CLOSE_TIME, what) { done() || System.nanoTime() > end }
    }

    private inner class Echo(private val index: Int) : Talk {
        override val check: MessageCheck
        private val encoder: MessageEncoder
        private var connection: LoadConnection? = null
        private val sentAt = LongArray(inFlight)
        private var sent = 0L
        private var received = 0L
        private var closing = false
        private var now = 0L

        init {
            val plain = ExpectedMessages(payload, index)
            check = if (target.offer == null) plain else InflatingCheck(plain, payload)
            encoder = MessageEncoder(payload, index, target.offer != null)
        }

        val isIdle: Boolean get() = sent == received

        override fun opened(connection: LoadConnection, extensions: String?) {
            if ((extensions == null) != (target.offer == null)) {
                throw LoadFailure("agreed on $extensions where ${target.offer} was offered")
            }
            this@EchoLoad.extensions = extensions
            this.connection = connection
            opening.opened()
        }

        fun fill() {
            if (isIdle) connection?.let(::turnEnd)
        }

        override fun message() {
            if (now == 0L) now = System.nanoTime()
            meter.record(now - sentAt[(received++ % inFlight).toInt()])
        }

        override fun turnEnd(connection: LoadConnection) {
            now = 0L
            if (!sending || sent - received == inFlight.toLong()) return
            val time = System.nanoTime()
            while (sent - received < inFlight) {
                encoder.encode(sent, loop.output, connection.masks)
                sentAt[(sent++ % inFlight).toInt()] = time
            }
            connection.flush()
        }

        fun closePolitely() {
            closing = true
            connection?.sendClose()
        }

        override fun closeReceived(connection: LoadConnection) {
            if (!closing) super.closeReceived(connection)
        }

        override fun ended(connection: LoadConnection) {
            if (!closing) super.ended(connection)
            ended++
            drop()
        }

        fun drop() {
            connection?.close(abruptly = true)
            encoder.close()
            (check as? InflatingCheck)?.close()
        }
    }

    private companion object {
        const val CLOSE_TIME = 5_000_000_000L

        /** Servers that do not end the transport are not waited for longer. */
        const val PATIENCE = 2_000_000_000L
    }
}
