package dev.kobahn.internal.connection

import dev.kobahn.WebSocketState
import java.io.IOException
import java.nio.ByteBuffer

/** Returns this transport with a log if [config] asks for one that is seen, else this transport. */
internal fun Transport.loggedBy(config: WireLogConfig?): Transport {
    val wanted = config?.takeIf { log == null && (it.frames || it.bytes) } ?: return this
    val sink = wanted.sinkOrNull() ?: return this
    return LoggedTransport(this, ConnectionLog(wanted, sink, peer))
}

/**
 * A [transport] whose beginning and end are logged, and its bytes if that is asked for. [flush], which
 * follows each frame that is sent, also drains the log.
 */
private class LoggedTransport(private val transport: Transport, override val log: ConnectionLog) :
    Transport by transport {
    init {
        if (log.config.bytes) output.onRemoval = { count -> log.bytesSent(output, count) }
    }

    override fun start(listener: TransportListener) {
        log.state(WebSocketState.CONNECTING)
        transport.start(LoggedListener(listener, log))
    }

    override fun flush() {
        transport.flush()
        log.drain()
    }
}

private class LoggedListener(
    private val listener: TransportListener,
    private val log: ConnectionLog,
) : TransportListener by listener {
    override fun onBytes(input: ByteBuffer) {
        if (log.config.bytes) log.bytesReceived(input)
        listener.onBytes(input)
    }

    override fun onWritten(waiting: Long) {
        log.drain()
        listener.onWritten(waiting)
    }

    override fun onClosed(cause: IOException?) {
        listener.onClosed(cause)
        log.state(WebSocketState.CLOSED, cause)
    }
}
