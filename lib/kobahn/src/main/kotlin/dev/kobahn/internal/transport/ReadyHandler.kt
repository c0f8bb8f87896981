package dev.kobahn.internal.transport

import java.nio.channels.SelectionKey

/** What stands behind a key of an [EventLoop]'s selector. Every call comes on the loop. */
internal interface ReadyHandler {
    /** The key it stands behind; another one where the loop renews its selector. */
    var key: SelectionKey

    /** The channel is ready for [ops], a set of `SelectionKey` operations. */
    fun onReady(ops: Int)

    /** Writes what was sent since the last call. Called after the tasks that [onReady] caused. */
    fun writeOut()

    /** The loop ends: gives up what it holds. */
    fun onLoopStopped()
}
