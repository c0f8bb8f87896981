package dev.kobahn.internal.transport

import java.nio.channels.SelectionKey

/** The handler of a channel, attached to its key in an [EventLoop]'s selector. All calls come on the loop. */
internal interface ReadyHandler {
    /** The key of the channel. The loop sets another one when it renews its selector. */
    var key: SelectionKey

    /** The channel is ready for [ops], a set of operations of `SelectionKey`. */
    fun onReady(ops: Int)

    /**
     * It is time to write what was sent: the tasks that [onReady] caused have run, or the turn in
     * which [EventLoop.callAtTurnEnd] was called ends.
     */
    fun onTurnEnd()

    /** The loop ends: close the channel. */
    fun onLoopStopped()
}
