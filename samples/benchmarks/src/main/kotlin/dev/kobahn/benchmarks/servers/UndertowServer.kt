package dev.kobahn.benchmarks.servers

import io.undertow.Handlers
import io.undertow.Undertow
import io.undertow.websockets.WebSocketConnectionCallback
import io.undertow.websockets.core.AbstractReceiveListener
import io.undertow.websockets.core.BufferedBinaryMessage
import io.undertow.websockets.core.BufferedTextMessage
import io.undertow.websockets.core.WebSocketCallback
import io.undertow.websockets.core.WebSocketChannel
import io.undertow.websockets.core.WebSockets
import io.undertow.websockets.extensions.PerMessageDeflateHandshake
import java.net.InetSocketAddress
import org.xnio.Options

/** Undertow's own API; its handlers run on the I/O thread. */
internal class UndertowServer : PeerServer {
    override fun start(settings: ServerSettings): Int {
        val server = Undertow.builder()
            .listen(settings)
            .setIoThreads(settings.loops)
            .setWorkerThreads(settings.loops)
            .setSocketOption(Options.TCP_NODELAY, true)
            .setSocketOption(Options.BACKLOG, ServerSettings.BACKLOG)
            .setHandler(
                Handlers.path()
                    .addExactPath("/", handler(settings, broadcasts = false))
                    .addExactPath(ServerSettings.BROADCAST, handler(settings, broadcasts = true)),
            )
            .build()
        server.start()
        return (server.listenerInfo.first().address as InetSocketAddress).port
    }

    private fun Undertow.Builder.listen(settings: ServerSettings) = if (settings.tls) {
        addHttpsListener(0, ServerSettings.HOST, ServerCertificate.context())
    } else {
        addHttpListener(0, ServerSettings.HOST)
    }

    private fun handler(settings: ServerSettings, broadcasts: Boolean) = Handlers.websocket(
        WebSocketConnectionCallback { _, channel ->
            channel.receiveSetter.set(Echo(settings, broadcasts))
            channel.resumeReceives()
        },
    ).also { if (settings.deflate) it.addExtension(PerMessageDeflateHandshake(false)) }

    private class Echo(private val settings: ServerSettings, private val broadcasts: Boolean) :
        AbstractReceiveListener() {
        override fun getMaxTextBufferSize() = settings.maxMessageSize.toLong()

        override fun getMaxBinaryBufferSize() = settings.maxMessageSize.toLong()

        override fun onFullTextMessage(channel: WebSocketChannel, message: BufferedTextMessage) {
            val text = message.data
            if (!broadcasts) return WebSockets.sendText(text, channel, null)
            channel.peerConnections.forEach { WebSockets.sendText(text, it, null) }
        }

        override fun onFullBinaryMessage(
            channel: WebSocketChannel,
            message: BufferedBinaryMessage,
        ) {
            val data = message.data
            val bytes = WebSockets.mergeBuffers(*data.resource)
            WebSockets.sendBinary(bytes, channel, Freeing { data.free() })
        }
    }

    /** Gives the buffers back that a message came in. */
    private class Freeing(private val free: () -> Unit) : WebSocketCallback<Void> {
        override fun complete(channel: WebSocketChannel, context: Void?) = free()

        override fun onError(channel: WebSocketChannel, context: Void?, error: Throwable) = free()
    }
}
