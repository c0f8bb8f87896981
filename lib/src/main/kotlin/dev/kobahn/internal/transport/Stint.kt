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
    private var takenBefore = -1
    private var putOff = ArrayList<Runnable>()
    private var doing = ArrayList<Runnable>()

    val hasBegun: Boolean get() = taken > 0

    /** Whether it has had its share, so that others who need the thread get it. */
    val isOver: Boolean get() = taken == SIZE

    /** Whether a block takes its time, so that nothing may be put off, and nobody relies on it. */
    var isLate = false

    /** It is over, and was not late: another one can be made of it. */
    fun renew() {
        taken = 0
        takenBefore = -1
    }

    /** It has a further block. */
    fun count() {
        taken++
    }

    /** Whether it did not get on since the last call; that makes it late. */
    fun isStuck(): Boolean {
        val isStuck = hasBegun && !isLate && taken == takenBefore
        takenBefore = taken
        if (isStuck) isLate = true
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
        } finally {
            CURRENT.set(outer)
        }
    }

    /** Has [action] done at the end of the stint, or before if that takes too long; false if it is late. */
    private fun add(action: Runnable): Boolean = synchronized(handOver) {
        if (!isLate && putOff.lastOrNull() !== action) putOff.add(action)
        !isLate
    }

    /** Whether something is put off. */
    val hasPutOff: Boolean get() = putOff.isNotEmpty()

    /** Does what was put off, from another thread than its own: it is late. */
    fun doPutOffElsewhere() {
        synchronized(handOver) { putOff.also { putOff = ArrayList() } }.forEach(::guarded)
    }

    private fun doPutOff() {
        val actions = synchronized(handOver) {
            if (putOff.isEmpty()) return
            putOff.also {
                putOff = doing
                doing = it
            }
        }
        repeat(actions.size) { guarded(actions[it]) }
        actions.clear()
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
            val thread = Thread.currentThread()
            thread.uncaughtExceptionHandler.uncaughtException(thread, failure)
        }
    }

    companion object {
        /** Few enough that one thread has soon done with them. */
        const val SIZE: Int = 32

        private val CURRENT = ThreadLocal<Stint?>()

        /** Has [action] done when this thread is through with what it has for a loop; false if that is not what it does. */
        fun putOff(action: Runnable): Boolean = CURRENT.get()?.add(action) ?: false
    }
}
