package dev.kobahn.internal.transport

import java.util.concurrent.atomic.AtomicReference

/**
 * An action that waits for its time. Whoever takes the action out decides: it runs at most once and
 * never after [cancel] returned true. Thread-safe, but for [index] and [sequence], which belong to
 * [Timers].
 *
 * @property deadline when it is due, by the clock of `System.nanoTime`
 */
internal class Timer(val deadline: Long, action: Runnable) {
    private val action = AtomicReference<Runnable?>(action)

    internal var index = NOWHERE
    internal var sequence = 0L

    /** Takes the action out, to be run or to be given up, or null if somebody did before. */
    fun take(): Runnable? = action.getAndSet(null)

    /** Whether the action has been prevented from running; false if it was taken before. */
    fun cancel(): Boolean = take() != null

    internal fun isBefore(other: Timer): Boolean {
        val difference = deadline - other.deadline
        return if (difference == 0L) sequence < other.sequence else difference < 0
    }

    internal companion object {
        const val NOWHERE = -1
    }
}

/**
 * Timers by deadline, equal ones in the order they were added: a binary heap in which each timer
 * knows its place, so that a cancelled one is removed at once and leaves nothing behind. Not
 * thread-safe.
 */
internal class Timers {
    private val heap = ArrayList<Timer>()
    private var added = 0L

    /** How many wait. */
    val size: Int get() = heap.size

    /** The one that is due first, or null. */
    val first: Timer? get() = if (heap.isEmpty()) null else heap[0]

    /** Adds [timer], which must not have been added before. */
    fun add(timer: Timer) {
        timer.sequence = added++
        heap.add(timer)
        siftUp(timer, heap.size - 1)
    }

    /** Removes [timer] if it is there. */
    fun remove(timer: Timer) {
        val index = timer.index
        if (index == Timer.NOWHERE) return
        timer.index = Timer.NOWHERE
        val last = heap.removeAt(heap.size - 1)
        if (last === timer) return
        siftUp(last, index)
        siftDown(last, last.index)
    }

    /** Removes and returns the first timer if it is due at [now], else null. */
    fun takeDue(now: Long): Timer? {
        val timer = first ?: return null
        if (timer.deadline - now > 0) return null
        remove(timer)
        return timer
    }

    private fun siftUp(timer: Timer, from: Int) {
        var index = from
        while (index > 0) {
            val parent = heap[(index - 1) / 2]
            if (!timer.isBefore(parent)) break
            place(parent, index)
            index = (index - 1) / 2
        }
        place(timer, index)
    }

    private fun siftDown(timer: Timer, from: Int) {
        var index = from
        while (true) {
            val child = smallerChild(index) ?: break
            val next = child.index
            if (!child.isBefore(timer)) break
            place(child, index)
            index = next
        }
        place(timer, index)
    }

    private fun smallerChild(index: Int): Timer? {
        val left = 2 * index + 1
        if (left >= heap.size) return null
        val smaller = heap[left]
        val right = heap.getOrNull(left + 1) ?: return smaller
        return if (right.isBefore(smaller)) right else smaller
    }

    private fun place(timer: Timer, index: Int) {
        heap[index] = timer
        timer.index = index
    }
}
