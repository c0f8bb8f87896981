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
    private var postponed = ArrayList<Runnable>()

    /** As [postponed], of the thread alone: what it is doing, and then the list for the next. */
    private var doing = ArrayList<Runnable>()

    val hasBegun: Boolean get() = taken > 0

    /** Whether it has had its share, so that others who need the thread get it. */
    val isOver: Boolean get() = taken == SIZE

    /** Whether something is put off. */
    val hasPutOff: Boolean get() = postponed.isNotEmpty()

    /** Whether what is put off has waited long enough, so that it comes before further blocks. */
    var isDue: Boolean = false
        private set

    /** Whether a block takes its time, so that nothing may be put off, and nobody relies on it. */
    var isLate: Boolean = false

    /** It is over, and was not late: another one can be made of it. */
    fun renew() {
        taken = 0
        takenBefore = 0
        looksInVain = 0
    }

    /** It has a further block. */
    fun count() {
        taken++
    }

    /** To be called now and then: whether it did not get on since the last call, and so is late. */
    fun isLateNow(): Boolean {
        isLate = if (hasBegun) taken == takenBefore else ++looksInVain == PATIENCE
        takenBefore = taken
        isDue = hasPutOff
        return isLate
    }

    override fun run() {
        val outer = CURRENT.get()
        CURRENT.set(this)
        try {
            do {
                while (true) guarded(handOver.take(this) ?: break)
                doPutOff()
            } while (handOver.goesOn(this))
            // Else a dispatcher runs it at once, and who asked for it goes on asking.
            if (outer?.handOver !== handOver) handOver.send()
        } finally {
            CURRENT.set(outer)
        }
    }

    /** Has [action] done at the end of the stint, or before if that takes too long; false if it is late. */
    private fun postpone(action: Runnable): Boolean = synchronized(handOver) {
        if (isLate || !hasBegun) return false
        if (postponed.lastOrNull() !== action) postponed.add(action)
        true
    }

    /** What was put off, for another thread to do: it is late. */
    fun takePutOff(): List<Runnable> = postponed.also { postponed = ArrayList() }

    private fun doPutOff() {
        val actions = synchronized(handOver) {
            isDue = false
            if (postponed.isEmpty()) return
            postponed.also { postponed = doing }
        }
        actions.forEach(::guarded)
        doing = if (actions.size > KEPT) ArrayList() else actions.apply { clear() }
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

        /** So many looks, a second or more, and a thread that was asked for will hardly come any more. */
        const val PATIENCE: Int = 1_000

        /** After a broadcast to more than that many a list is not kept. */
        private const val KEPT = 1024

        private val CURRENT = ThreadLocal<Stint?>()

        /** Has [action] done when this thread is through with what it has for a loop; false if that is not what it does. */
        fun putOff(action: Runnable): Boolean = CURRENT.get()?.postpone(action) ?: false
    }
}
