package dev.kobahn

import java.io.OutputStream
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.flow
import kotlinx.coroutines.runInterruptible

/**
 * Writes what is left of the message to [target] as it arrives, on [Dispatchers.IO]; returns how many
 * octets those are. Neither flushes nor closes [target]. The counterpart of `sendMessage(type, source)`.
 *
 * Suspends until the message has ended. A target that is slow holds the peer back. Cancellation
 * interrupts a write; the octets of that write are lost to the next reader. Throws as
 * [MessageReader.read], and what [target] throws.
 */
public suspend fun MessageReader.copyTo(target: OutputStream): Long {
    var count = 0L
    while (true) {
        val octets = read() ?: return count
        runInterruptible(Dispatchers.IO) { target.write(octets) }
        count += octets.size
    }
}

/**
 * The rest of the message as a flow of the pieces that [MessageReader.read] returns, for one
 * collector. A collector that stops may read on from there. The counterpart of
 * `sendMessage(type, flow)`.
 *
 * Collecting throws as [MessageReader.read].
 */
public fun MessageReader.asFlow(): Flow<ByteArray> = flow {
    while (true) emit(read() ?: break)
}
