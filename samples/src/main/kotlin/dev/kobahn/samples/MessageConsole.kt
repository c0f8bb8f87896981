package dev.kobahn.samples

import dev.kobahn.Message
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.ExperimentalCoroutinesApi
import kotlinx.coroutines.channels.ReceiveChannel
import kotlinx.coroutines.channels.produce
import kotlinx.coroutines.withContext

/**
 * Standard input as messages, and messages to standard output.
 *
 * @param binary whether the input is one binary message instead of lines
 */
internal class MessageConsole(private val console: Console, private val binary: Boolean) {
    /**
     * Returns what is read; cancel it. A read of standard input cannot be cancelled: as a child of a
     * scope it would keep that open.
     */
    @OptIn(ExperimentalCoroutinesApi::class)
    fun read(): ReceiveChannel<Message> = CoroutineScope(Dispatchers.IO).produce(
        capacity = READ_AHEAD,
    ) {
        if (binary) {
            send(Message.Binary(console.input.readBytes()))
        } else {
            val lines = console.input.bufferedReader()
            while (true) send(Message.Text(lines.readLine() ?: break))
        }
    }

    /** Writes [message], with what could command a terminal escaped on one. */
    suspend fun write(message: Message) = withContext(Dispatchers.IO) {
        val bytes = when {
            !binary && console.isTerminal ->
                message.bytes.decodeToString().printable(lines = true).encodeToByteArray()

            else -> message.bytes
        }
        console.output.write(if (binary) bytes else bytes + LINE_FEED)
        console.output.flush()
    }

    private companion object {
        const val READ_AHEAD = 16
        const val LINE_FEED = '\n'.code.toByte()
    }
}
