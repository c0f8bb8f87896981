package dev.kobahn.internal.transport

/**
 * A thread's work for a [dispatcher]: some blocks, one after the other, and at the end what they
 * [deferred]. So their answers leave one after the other when all are ready, instead of bringing
 * the next requests one by one, each with a change of threads.
 *
 * Its state is guarded by the monitor of [dispatcher].
 */
internal class Batch(private val dispatcher: BatchingDispatcher) : Runnable {
    private var taken = 0
    private var takenBefore = 0
    private var looksInVain = 0
    private val deferred = ArrayDeque<Runnable>()

    val hasBegun: Boolean get() = taken > 0

    /** Whether it has had its share, so that others who need the thread get it. */
    val isOver: Boolean get() = taken == SIZE

    /** Whether something is put off. */
    val hasDeferred: Boolean get() = deferred.isNotEmpty()

    /** Whether what is put off has waited long enough, so that it comes before further blocks. */
    var isDue: Boolean = false
        private set

    /** Whether it takes its time, or may never begin: nothing is put off, and nobody relies on it. */
    var isAbandoned: Boolean = false

    /** Whether another one can be made of it. */
    var isReusable: Boolean = true
        private set

    /** It has ended, and is another one from now on. */
    fun renew() {
        taken = 0
        takenBefore = 0
        looksInVain = 0
    }

    /** It has a further block. */
    fun count() {
        taken++
    }

    /**
     * To be called now and then: whether it did not get on since the last call, or has not begun
     * for [stallLimit] calls.
     */
    fun isStalled(stallLimit: Int): Boolean {
        val isStalled = if (hasBegun) taken == takenBefore else ++looksInVain >= stallLimit
        takenBefore = taken
        isDue = hasDeferred
        return isStalled
    }

    override fun run() {
        val outer = CURRENT.get()
        CURRENT.set(this)
        try {
            do {
                while (true) guarded(dispatcher.take(this) ?: break)
                runDeferred()
            } while (dispatcher.goesOn(this))
            // Else it most likely runs inside of [BatchingDispatcher.send], which goes on asking by itself.
            if (outer?.dispatcher !== dispatcher) dispatcher.send()
        } finally {
            CURRENT.set(outer)
        }
    }

    /** Has [action] done at the end of the batch, or before if that takes too long; false if it is late. */
    private fun defer(action: Runnable): Boolean = synchronized(dispatcher) {
        if (isAbandoned || !hasBegun) return false
        if (deferred.lastOrNull() !== action) deferred.addLast(action)
        // After a broadcast to that many it has more room than it should keep.
        if (deferred.size > KEPT) isReusable = false
        true
    }

    /** What was put off, for another thread to do. */
    fun takeDeferred(): List<Runnable> = deferred.toList().also { deferred.clear() }

    private fun runDeferred() {
        // What this puts off comes next, and counts as put off since then.
        repeat(synchronized(dispatcher) { deferred.size.also { isDue = false } }) {
            guarded(synchronized(dispatcher) { deferred.removeFirstOrNull() } ?: return)
        }
    }

    /**
     * As a dispatcher's thread does it, so that the batch goes on. A block that leaves the thread
     * interrupted would have the next system call close a channel.
     */
    private fun guarded(block: Runnable) {
        Thread.interrupted()
        try {
            block.run()
        } catch (failure: Throwable) {
            report(failure)
        }
    }

    private fun report(failure: Throwable) = try {
        val thread = Thread.currentThread()
        thread.uncaughtExceptionHandler.uncaughtException(thread, failure)
    } catch (another: Throwable) {
        logger.error(another) { "An UncaughtExceptionHandler failed" }
    }

    companion object {
        /** Few enough that one thread has soon done with them. */
        const val SIZE: Int = 32

        private const val KEPT = 1024

        private val CURRENT = ThreadLocal<Batch?>()

        /** Has [action] done when this thread is through with what it has for a loop; false if that is not what it does. */
        fun defer(action: Runnable): Boolean = CURRENT.get()?.defer(action) ?: false
    }
}
