package dev.kobahn.internal.transport

import java.util.concurrent.ConcurrentLinkedQueue

/**
 * The tasks of an event loop, in the order in which they were added, by whatever thread.
 *
 * Nearly all tasks are added by the loop itself, and go into a plain deque; the tasks of other
 * threads go into a lock-free queue.
 */
internal class TaskQueue {
    private val own = ArrayDeque<Runnable>()
    private val arrived = ConcurrentLinkedQueue<Runnable>()

    /** Whether no task waits. On the loop. */
    val isEmpty: Boolean get() = own.isEmpty() && arrived.isEmpty()

    /** Appends [task]. On the loop. */
    fun addOnLoop(task: Runnable) {
        // Tasks that have arrived came before this one.
        while (true) own.addLast(arrived.poll() ?: break)
        own.addLast(task)
    }

    /** Appends [task]. From any thread but the loop's. */
    fun addFromElsewhere(task: Runnable) {
        arrived.add(task)
    }

    /** Removes a [task] that another thread added; false if the loop was faster. From any thread. */
    fun withdraw(task: Runnable): Boolean = arrived.remove(task)

    /** Removes and returns the first task, or null. On the loop. */
    fun poll(): Runnable? = own.removeFirstOrNull() ?: arrived.poll()
}
