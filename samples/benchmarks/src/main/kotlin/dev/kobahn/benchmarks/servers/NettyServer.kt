package dev.kobahn.benchmarks.servers

import io.netty.bootstrap.ServerBootstrap
import io.netty.channel.Channel
import io.netty.channel.ChannelHandlerContext
import io.netty.channel.ChannelInitializer
import io.netty.channel.ChannelOption
import io.netty.channel.MultiThreadIoEventLoopGroup
import io.netty.channel.SimpleChannelInboundHandler
import io.netty.channel.epoll.EpollIoHandler
import io.netty.channel.epoll.EpollServerSocketChannel
import io.netty.channel.group.DefaultChannelGroup
import io.netty.channel.nio.NioIoHandler
import io.netty.channel.socket.nio.NioServerSocketChannel
import io.netty.handler.codec.http.HttpObjectAggregator
import io.netty.handler.codec.http.HttpServerCodec
import io.netty.handler.codec.http.websocketx.WebSocketFrame
import io.netty.handler.codec.http.websocketx.WebSocketFrameAggregator
import io.netty.handler.codec.http.websocketx.WebSocketServerProtocolConfig
import io.netty.handler.codec.http.websocketx.WebSocketServerProtocolHandler
import io.netty.handler.codec.http.websocketx.extensions.compression.WebSocketServerCompressionHandler
import io.netty.handler.ssl.SslContext
import io.netty.handler.ssl.SslContextBuilder
import io.netty.handler.ssl.SslProvider
import io.netty.util.concurrent.GlobalEventExecutor
import java.net.InetSocketAddress

/** Netty with the handlers its own documentation puts together: flushed at the end of each read. */
internal class NettyServer(private val epoll: Boolean, private val boringSsl: Boolean = false) :
    PeerServer {
    private val members by lazy { DefaultChannelGroup(GlobalEventExecutor.INSTANCE) }

    override fun start(settings: ServerSettings): Int {
        val handlers = if (epoll) EpollIoHandler.newFactory() else NioIoHandler.newFactory()
        val channel = ServerBootstrap()
            .group(MultiThreadIoEventLoopGroup(settings.loops, handlers))
            .channelFactory { if (epoll) EpollServerSocketChannel() else NioServerSocketChannel() }
            .option(ChannelOption.SO_BACKLOG, ServerSettings.BACKLOG)
            .childOption(ChannelOption.TCP_NODELAY, true)
            .childHandler(Pipeline(settings))
            .bind(ServerSettings.HOST, 0).sync().channel()
        return (channel.localAddress() as InetSocketAddress).port
    }

    private inner class Pipeline(private val settings: ServerSettings) :
        ChannelInitializer<Channel>() {
        private val ssl = if (settings.tls) sslContext() else null
        private val config = WebSocketServerProtocolConfig.newBuilder()
            .websocketPath("/").checkStartsWith(true)
            .allowExtensions(settings.deflate)
            .maxFramePayloadLength(settings.maxMessageSize)
            .build()

        override fun initChannel(channel: Channel) {
            val pipeline = channel.pipeline()
            ssl?.let { pipeline.addLast(it.newHandler(channel.alloc())) }
            pipeline.addLast(HttpServerCodec(), HttpObjectAggregator(MAX_HEAD))
            if (settings.deflate) {
                pipeline.addLast(WebSocketServerCompressionHandler(settings.maxMessageSize))
            }
            pipeline.addLast(WebSocketServerProtocolHandler(config))
            pipeline.addLast(WebSocketFrameAggregator(settings.maxMessageSize))
            pipeline.addLast(Echo())
        }
    }

    private inner class Echo : SimpleChannelInboundHandler<WebSocketFrame>() {
        private var broadcasts = false

        override fun userEventTriggered(context: ChannelHandlerContext, event: Any) {
            if (event is WebSocketServerProtocolHandler.HandshakeComplete) {
                broadcasts = event.requestUri() == ServerSettings.BROADCAST
                if (broadcasts) members.add(context.channel())
            }
            context.fireUserEventTriggered(event)
        }

        override fun channelRead0(context: ChannelHandlerContext, frame: WebSocketFrame) {
            if (broadcasts) members.writeAndFlush(frame.retain()) else context.write(frame.retain())
        }

        override fun channelReadComplete(context: ChannelHandlerContext) {
            context.flush()
        }
    }

    private fun sslContext(): SslContext {
        val provider = if (boringSsl) SslProvider.OPENSSL else SslProvider.JDK
        return SslContextBuilder.forServer(ServerCertificate.bundle.toKeyManagerFactory())
            .sslProvider(provider).build()
    }

    private companion object {
        const val MAX_HEAD = 64 * 1024
    }
}
