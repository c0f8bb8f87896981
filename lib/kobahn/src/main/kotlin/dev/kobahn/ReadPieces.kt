package dev.kobahn

import java.io.OutputStream
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.flow
import kotlinx.coroutines.runInterruptible

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
