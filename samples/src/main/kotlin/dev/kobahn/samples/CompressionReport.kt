package dev.kobahn.samples

import dev.kobahn.WebSocket
import java.util.Locale
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.NonCancellable
import kotlinx.coroutines.withContext

/**
 * Runs [block] for an open connection. Writes the extensions in use to [console] and, at the end,
 * the compression ratio. Writes nothing if there are no extensions.
 */
internal suspend fun <T> WebSocket.reportCompression(console: Console, block: suspend () -> T): T {
    if (extensions.isEmpty()) return block()
    val peer = transportDetails.peer
    suspend fun note(text: String) =
        withContext(NonCancellable + Dispatchers.IO) { console.note("$peer: $text") }
    note("extensions: ${extensions.joinToString()}")
    try {
        return block()
    } finally {
        val stats = statistics.traffic
        val sent = percentage(stats.outgoingCompressionRatio)
        val received = percentage(stats.incomingCompressionRatio)
        note("compressed to: $sent of what was sent, $received of what was received")
    }
}

private fun percentage(ratio: Double?) =
    if (ratio == null) "-" else "%.1f %%".format(Locale.ROOT, ratio * PERCENT)

private const val PERCENT = 100
