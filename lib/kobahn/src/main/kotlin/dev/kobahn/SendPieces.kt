package dev.kobahn

import dev.kobahn.protocol.MessageType
import java.io.InputStream
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.asFlow
import kotlinx.coroutines.runInterruptible

/**
 * Sends one message of [type] with the given [fragments]. Each fragment gets a frame of its own,
 * unless it is longer than a frame of [MessageWriter.write]. The last fragment ends the message,
 * and without any fragment an empty message is sent. A fragment is kept back until the next one is
 * there. Otherwise like [WebSocket.sendMessage]; a flow that fails cuts the message off.
 */
public suspend fun WebSocket.sendMessage(
    type: MessageType,
    fragments: Flow<ByteArray>,
    doNotCompress: Boolean = false,
) {
    sendMessage(type, doNotCompress) {
        var last: ByteArray? = null
        fragments.collect { next ->
            last?.let { write(it) }
            last = next
        }
        end(last ?: ByteArray(0))
    }
}

/**
 * Sends one message of [type] with the given [fragments]. Otherwise like `sendMessage(type, flow)`.
 * ws4py: a generator given to `send`.
 */
public suspend fun WebSocket.sendMessage(
    type: MessageType,
    fragments: Sequence<ByteArray>,
    doNotCompress: Boolean = false,
) {
    sendMessage(type, fragments.asFlow(), doNotCompress)
}

/**
 * Sends the contents of [source] as one message of [type]. Reads pieces of 64 KiB on
 * [Dispatchers.IO]; cancellation interrupts a read. Does not close [source]. Otherwise like
 * [WebSocket.sendMessage].
 */
public suspend fun WebSocket.sendMessage(
    type: MessageType,
    source: InputStream,
    doNotCompress: Boolean = false,
) {
    val bytes = ByteArray(PIECE_SIZE)
    sendMessage(type, doNotCompress) {
        while (true) {
            val count = runInterruptible(Dispatchers.IO) { source.read(bytes) }
            if (count < 0) break
            write(bytes, 0, count)
        }
    }
}

private const val PIECE_SIZE = 64 * 1024
