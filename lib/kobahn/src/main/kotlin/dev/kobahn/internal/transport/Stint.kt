package dev.kobahn.internal.transport

/**
 * A thread's work for a [handOver]: some blocks, one after the other, and at the end what they
 * [putOff]. So their answers leave one after the other when all are ready, instead of bringing
 * the next requests one by one, each with a change of threads.
 *
 * Its state is guarded by the monitor of [handOver].
 */
internal class Stint(private val handOver: HandOver) : Runnable {
    private var taken = 0
    private var takenBefore = 0
    private var looksInVain = 0
    private val postponed = ArrayDeque<Runnable>()

    val hasBegun: Boolean get() = taken > 0

    /** Whether it has had its share, so that others who need the thread get it. */
    val isOver: Boolean get() = taken == SIZE

    /** Whether something is put off. */
    val hasPutOff: Boolean get() = postponed.isNotEmpty()

    /** Whether what is put off has waited long enough, so that it comes before further blocks. */
    var isDue: Boolean = false
        private set

    /** Whether it takes its time, or may never begin: nothing is put off, and nobody relies on it. */
    var isLate: Boolean = false

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
     * for [patience] calls.
     */
    fun isStuck(patience: Int): Boolean {
        val isStuck = if (hasBegun) taken == takenBefore else ++looksInVain >= patience
        takenBefore = taken
        isDue = hasPutOff
        return isStuck
    }

    override fun run() {
        val outer = CURRENT.get()
        CURRENT.set(this)
        try {
            do {
                while (true) guarded(handOver.take(this) ?: break)
                doPutOff()
            } while (handOver.goesOn(this))
            // Else it most likely runs inside of [HandOver.send], which goes on asking by itself.
            if (outer?.handOver !== handOver) handOver.send()
        } finally {
            CURRENT.set(outer)
        }
    }

    /** Has [action] done at the end of the stint, or before if that takes too long; false if it is late. */
    private fun postpone(action: Runnable): Boolean = synchronized(handOver) {
        if (isLate || !hasBegun) return false
        if (postponed.lastOrNull() !== action) postponed.addLast(action)
        // After a broadcast to that many it has more room than it should keep.
        if (postponed.size > KEPT) isReusable = false
        true
    }

    /** What was put off, for another thread to do. */
    fun takePutOff(): List<Runnable> = postponed.toList().also { postponed.clear() }

    private fun doPutOff() {
        // What this puts off comes next, and counts as put off since then.
        repeat(synchronized(handOver) { postponed.size.also { isDue = false } }) {
            guarded(synchronized(handOver) { postponed.removeFirstOrNull() } ?: return)
        }
    }

    /**
     * As a dispatcher's thread does it, so that the stint goes on. A block that leaves the thread
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

        private val CURRENT = ThreadLocal<Stint?>()

        /** Has [action] done when this thread is through with what it has for a loop; false if that is not what it does. */
        fun putOff(action: Runnable): Boolean = CURRENT.get()?.postpone(action) ?: false
    }
}
