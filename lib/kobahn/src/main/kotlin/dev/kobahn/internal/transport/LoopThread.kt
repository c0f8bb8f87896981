package dev.kobahn.internal.transport

/** The thread of an event loop. */
internal class LoopThread(run: Runnable, name: String, isDaemon: Boolean) : Thread(run, name) {
    init {
        this.isDaemon = isDaemon
    }
}

/** The name of the event loop whose thread calls, or null if it is another's. */
internal fun nameOfCurrentLoop(): String? = (Thread.currentThread() as? LoopThread)?.name
