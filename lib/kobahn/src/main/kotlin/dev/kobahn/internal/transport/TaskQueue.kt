package dev.kobahn.internal.transport

import java.util.concurrent.ConcurrentLinkedQueue

/**
 * What an event loop still has to run, in order: a task that was added before another one, on
 * whatever thread, runs before it.
 *
 * The loop's own tasks, nearly all of them, go into a plain deque; those of other threads into a
 * lock-free queue. [addOnLoop] and [poll] belong to the loop, the rest to anybody.
 */
internal class TaskQueue {
    private val own = ArrayDeque<Runnable>()
    private val arrived = ConcurrentLinkedQueue<Runnable>()

    /** Whether nothing waits. On the loop. */
    val isEmpty: Boolean get() = own.isEmpty() && arrived.isEmpty()

    /** Appends [task]. On the loop. */
    fun addOnLoop(task: Runnable) {
        // What has arrived came before this task and must stay before it.
        while (true) own.addLast(arrived.poll() ?: break)
        own.addLast(task)
    }

    /** Appends [task]. From any thread but the loop's. */
    fun addFromElsewhere(task: Runnable) {
        arrived.add(task)
    }

    /** Takes back a [task] that was added from elsewhere, unless the loop was faster. */
    fun withdraw(task: Runnable): Boolean = arrived.remove(task)

    /** Removes and returns the first task, or null. On the loop. */
    fun poll(): Runnable? = own.removeFirstOrNull() ?: arrived.poll()
}
