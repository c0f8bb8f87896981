package dev.kobahn

import dev.kobahn.protocol.MessageType
import java.io.InputStream
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.asFlow
import kotlinx.coroutines.runInterruptible

/**
 * Sends one message of [type] whose fragments are [fragments], each in a frame of its own unless it
 * is longer than [MessageWriter.write] makes them; the last ends the message, and none at all is an
 * empty one. One fragment is kept back until the next is
 * there. Otherwise as [WebSocket.sendMessage]; a flow that fails cuts the message off.
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

/** As `sendMessage(type, flow)`. ws4py: a generator given to `send`. */
public suspend fun WebSocket.sendMessage(
    type: MessageType,
    fragments: Sequence<ByteArray>,
    doNotCompress: Boolean = false,
) {
    sendMessage(type, fragments.asFlow(), doNotCompress)
}

/**
 * Sends what [source] has as one message of [type], read in pieces of 64 KiB on [Dispatchers.IO];
 * cancellation interrupts a read. Does not close [source]. Otherwise as [WebSocket.sendMessage].
 */
public suspend fun WebSocket.sendMessage(
    type: MessageType,
    source: InputStream,
    doNotCompress: Boolean = false,
) {
    val octets = ByteArray(PIECE_SIZE)
    sendMessage(type, doNotCompress) {
        while (true) {
            val count = runInterruptible(Dispatchers.IO) { source.read(octets) }
            if (count < 0) break
            write(octets, 0, count)
        }
    }
}

private const val PIECE_SIZE = 64 * 1024
