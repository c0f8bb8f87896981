package dev.kobahn.internal.connection

/**
 * What the application wants to know of Pings and Pongs. Set from any thread, called on the loop. A
 * hook that throws does no harm but to its connection, by way of [fail], and none is called again.
 */
internal class ControlHooks(private val fail: (Throwable) -> Unit) {
    @Volatile
    private var ping: ((ByteArray) -> Boolean)? = null

    @Volatile
    private var pong: ((ByteArray) -> Unit)? = null

    fun onPing(hook: (ByteArray) -> Boolean) {
        ping = hook
    }

    fun onPong(hook: (ByteArray) -> Unit) {
        pong = hook
    }

    /** Tells of a Ping; returns whether it is to be answered. */
    fun pinged(payload: ByteArray): Boolean {
        val hook = ping ?: return true
        return try {
            hook(payload)
        } catch (failure: Throwable) {
            failed(failure)
            true
        }
    }

    /** Tells of a Pong. */
    fun ponged(payload: ByteArray) {
        try {
            pong?.invoke(payload)
        } catch (failure: Throwable) {
            failed(failure)
        }
    }

    private fun failed(failure: Throwable) {
        // Or a peer that goes on pinging would fill the log.
        ping = null
        pong = null
        fail(failure)
    }
}
