package dev.kobahn.soak

import dev.kobahn.RawPeer
import java.util.concurrent.ScheduledExecutorService
import java.util.concurrent.locks.LockSupport
import kotlin.concurrent.thread

/**
 * One message after another to a loop of the abused server and back, from a thread of its own, each
 * timed. Fails with [failure] when one does not come back as it was.
 */
internal class HealthyEcho(val name: String, private val connection: Abuser) : AutoCloseable {
    private val times = ArrayList<Long>()

    @Volatile
    private var isOver = false

    @Volatile
    var failure: Throwable? = null
        private set

    private val thread = thread(isDaemon = true, name = "echo of $name") { run() }

    private fun run() {
        var number = 0L
        try {
            while (!isOver) {
                val message = "message ${number++} ".padEnd(LENGTH, '.')
                val start = System.nanoTime()
                connection.send(RawPeer.text(message))
                val answer = connection.readMessage()?.decodeToString()
                check(answer == message) { "$name: $answer in place of $message" }
                synchronized(times) { times.add(System.nanoTime() - start) }
                LockSupport.parkNanos(PAUSE)
            }
        } catch (broken: Throwable) {
            failure = broken
        }
    }

    /** The times since this was last asked, in nanoseconds, sorted. */
    fun takeTimes(): List<Long> = synchronized(times) { times.sorted().also { times.clear() } }

    override fun close() {
        isOver = true
        thread.join()
        connection.close()
    }

    companion object {
        private const val LENGTH = 64
        private const val PAUSE = 2_000_000L

        /** A day, in seconds. */
        private const val FOREVER = 86_400L

        /** An echo on each of [loops] loops, and one on Dispatchers.Default. */
        fun all(port: Int, timer: ScheduledExecutorService, loops: Int): List<HealthyEcho> {
            val found = LinkedHashMap<String, Abuser>()
            while (found.size < loops) {
                val connection = Abuser(port, timer, life = FOREVER)
                check(connection.handshake(WHERE) == 101)
                val loop = connection.readMessage()!!.decodeToString()
                if (found.putIfAbsent(loop, connection) != null) connection.close()
            }
            val other = Abuser(port, timer, life = FOREVER)
            check(other.handshake("/default") == 101)
            found["Default"] = other
            return found.map { (name, connection) -> HealthyEcho(name, connection) }
        }
    }
}
