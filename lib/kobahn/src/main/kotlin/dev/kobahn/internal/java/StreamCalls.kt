package dev.kobahn.internal.java

import dev.kobahn.ConnectionClosedException
import dev.kobahn.MessageReader
import dev.kobahn.java.AsyncWebSocket
import dev.kobahn.java.MessageStreamListener

/**
 * Calls a [listener] with the pieces of messages. If the connection ends within a message, that is
 * no failure of the listener; `onClose` reports it.
 *
 * @param isWanted suspends until there is demand for one more piece of a message; returns false if
 * there will be none
 */
internal class StreamCalls(
    private val face: AsyncWebSocket,
    private val listener: MessageStreamListener,
    private val isWanted: suspend (MessageReader) -> Boolean,
) {
    /** Whether demand was taken for a piece that has not arrived. */
    private var owed = false

    /** Delivers [message]. Returns false if its end did not arrive or is not wanted. */
    suspend fun deliver(message: MessageReader): Boolean {
        listener.onMessageBegin(face, message.type)
        while (true) {
            val frame = endedNot { message.nextFrame() }.getOrElse { return false } ?: break
            listener.onFrameBegin(face, frame.length)
            if (!deliver(frame, message)) return false
            listener.onFrameEnd(face)
        }
        listener.onMessageEnd(face)
        return true
    }

    private suspend fun deliver(frame: MessageReader.Frame, message: MessageReader): Boolean {
        // An empty frame needs no demand.
        if (frame.length == 0L) return true
        while (true) {
            if (!owed && !isWanted(message)) return false
            owed = true
            val bytes = endedNot { frame.read() }.getOrElse { return false } ?: return true
            owed = false
            listener.onMessageData(face, bytes)
        }
    }

    private inline fun <T> endedNot(read: () -> T): Result<T> = try {
        Result.success(read())
    } catch (end: ConnectionClosedException) {
        Result.failure(end)
    }
}
