@file:JvmMultifileClass
@file:JvmName("WebSockets")

package dev.kobahn

import dev.kobahn.protocol.MessageType
import java.io.InputStream
import java.io.OutputStream
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.asFlow
import kotlinx.coroutines.flow.flow
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
    options: SendOptions = SendOptions.DEFAULT,
) {
    sendMessage(type, options) {
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
    options: SendOptions = SendOptions.DEFAULT,
) {
    sendMessage(type, fragments.asFlow(), options)
}

/**
 * Sends the contents of [source] as one message of [type]. Reads pieces of 64 KiB on
 * [Dispatchers.IO]; cancellation interrupts a read. Does not close [source]. Otherwise like
 * [WebSocket.sendMessage].
 */
public suspend fun WebSocket.sendMessage(
    type: MessageType,
    source: InputStream,
    options: SendOptions = SendOptions.DEFAULT,
) {
    val bytes = ByteArray(PIECE_SIZE)
    sendMessage(type, options) {
        while (true) {
            val count = runInterruptible(Dispatchers.IO) { source.read(bytes) }
            if (count < 0) break
            write(bytes, 0, count)
        }
    }
}

/**
 * Writes the rest of the message to [target] as it arrives, on [Dispatchers.IO], and returns the
 * number of bytes written. Neither flushes nor closes [target]. The counterpart of
 * `sendMessage(type, source)`.
 *
 * Suspends until the message has ended. A slow target slows the peer down. Cancellation interrupts
 * a write; the bytes of that write are lost to the next reader. Throws the exceptions of
 * [MessageReader.read] and of [target].
 */
public suspend fun MessageReader.copyTo(target: OutputStream): Long {
    var count = 0L
    while (true) {
        val bytes = read() ?: return count
        runInterruptible(Dispatchers.IO) { target.write(bytes) }
        count += bytes.size
    }
}

/**
 * Returns the rest of the message as a flow of the pieces that [MessageReader.read] returns. The
 * flow is for one collector. After a collector has stopped, reading can continue at that position.
 * The counterpart of `sendMessage(type, flow)`.
 *
 * Collecting throws the exceptions of [MessageReader.read].
 */
public fun MessageReader.asFlow(): Flow<ByteArray> = flow {
    while (true) emit(read() ?: break)
}

private const val PIECE_SIZE = 64 * 1024
