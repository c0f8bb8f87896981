package dev.kobahn

import java.net.http.WebSocket
import java.nio.ByteBuffer
import java.util.concurrent.BlockingQueue
import java.util.concurrent.CompletionStage
import java.util.concurrent.LinkedBlockingQueue
import java.util.concurrent.TimeUnit

/**
 * Notes in [events] the input of the JDK's client: messages, whole, as [Message]; a Pong and a Close
 * as text; failures as they are.
 */
internal class JdkNotes(private val events: BlockingQueue<Any> = LinkedBlockingQueue()) :
    WebSocket.Listener {
    private val text = StringBuilder()
    private var binary = ByteArray(0)

    fun next(): Any = checkNotNull(events.poll(20, TimeUnit.SECONDS)) { "nothing came" }

    override fun onText(
        webSocket: WebSocket,
        data: CharSequence,
        last: Boolean,
    ): CompletionStage<*>? {
        text.append(data)
        if (last) events.add(Message.Text("$text")).also { text.setLength(0) }
        webSocket.request(1)
        return null
    }

    override fun onBinary(
        webSocket: WebSocket,
        data: ByteBuffer,
        last: Boolean,
    ): CompletionStage<*>? {
        binary += ByteArray(data.remaining()).also(data::get)
        if (last) events.add(Message.Binary(binary)).also { binary = ByteArray(0) }
        webSocket.request(1)
        return null
    }

    override fun onPong(webSocket: WebSocket, message: ByteBuffer): CompletionStage<*>? {
        events.add("pong ${Charsets.UTF_8.decode(message)}")
        webSocket.request(1)
        return null
    }

    override fun onClose(
        webSocket: WebSocket,
        statusCode: Int,
        reason: String,
    ): CompletionStage<*>? {
        events.add("close $statusCode $reason")
        return null
    }

    override fun onError(webSocket: WebSocket, error: Throwable) {
        events.add(error)
    }
}
