package dev.kobahn.internal.connection

import dev.kobahn.TransportDetails
import dev.kobahn.TransportDetails.ChannelType
import dev.kobahn.protocol.ByteQueue
import dev.kobahn.tls.TlsDetails
import java.io.IOException
import java.nio.ByteBuffer

/**
 * A bidirectional byte stream pinned to a [loop]: a socket, TLS over another transport, or a pipe
 * in memory. The only door between a connection and the network.
 */
internal interface Transport {
    val loop: Loop

    /** The peer as text, the way Autobahn names it: `tcp4:127.0.0.1:9000`, `tcp6:::1:9000`, `unix:/path`. */
    val peer: String

    /** An object whose text is [peer], and which keeps nothing else of the transport. */
    val peerName: Any get() = peer

    /** The own end, named like [peer]. */
    val local: String

    /** Whether the bytes are encrypted on their way. */
    val isSecure: Boolean get() = false

    /** The number of bytes that arrived so far. On the loop. */
    val received: Long

    /** The log of this connection, or null where nothing is logged. */
    val log: ConnectionLog? get() = null

    /** The bytes to be written, guarded by its own monitor. Append, then call [flush]. */
    val output: ByteQueue

    /**
     * Whether the transport has a handshake of its own, that of TLS, which is not done: until then
     * nothing of [output] leaves. On the loop.
     */
    val isHandshaking: Boolean get() = false

    /** The encryption, or null if there is none or it is not agreed on yet. From any thread. */
    val tls: TlsDetails? get() = null

    /**
     * The bytes that the transport keeps besides [output]. From any thread, which may see an older
     * number.
     */
    val heldMemory: Long get() = 0

    /** Begins to read; every event goes to [listener], on the loop. Called once, on the loop. */
    fun start(listener: TransportListener)

    /**
     * Writes [output]: on the loop, when its turn ends at the latest, together with all that is appended
     * until then; from another thread at once, if no write is under way and the thread may use the
     * network.
     */
    fun flush()

    /** Tries to write, although the system has not reported that it takes more. On the loop. */
    fun writeNow()

    /** Stops reading until [resumeReading]; the peer is held back by flow control. On the loop. */
    fun pauseReading()

    /**
     * Reads once although reading is paused, which may find the end of the input. Returns whether
     * bytes arrived. On the loop.
     */
    fun readOnce(): Boolean

    /** Goes on reading. On the loop. */
    fun resumeReading()

    /**
     * Ends the outgoing direction once [output] is drained; reading goes on. From any thread. When
     * both directions have ended the transport closes by itself, as if by [close].
     */
    fun shutdownOutput()

    /**
     * Closes once [output] is drained, for a peer that has nothing more to send. If it has sent bytes
     * all the same, this is [shutdownOutput], so that the peer can read the output. On the loop.
     */
    fun closeAfterOutput(): Unit = shutdownOutput()

    /** Ends both directions at once and discards [output]. From any thread, any number of times. */
    fun close()

    /**
     * Closes because of [failure], which is not one of the network. If memory is short, the memory of
     * the connection is released before anything is allocated. From any thread.
     */
    fun giveUp(failure: Throwable): Unit = close()
}

/**
 * Calls [action], a task or a timer of the connection. If it fails, the transport is given up, as it is
 * if an event fails: a connection must not go on after it has missed something.
 */
internal inline fun Transport.guarded(action: () -> Unit) {
    try {
        action()
    } catch (failure: Throwable) {
        giveUp(failure)
        throw failure
    }
}

/** Describes this transport to the application. */
internal fun Transport.details(isServer: Boolean): TransportDetails {
    val tls = tls
    val type = when {
        tls != null -> ChannelType.TLS
        peer.startsWith("tcp") -> ChannelType.TCP
        peer.startsWith("unix:") -> ChannelType.UNIX
        else -> ChannelType.MEMORY
    }
    return TransportDetails(type, local, peer, isServer, isSecure, tls)
}

/** The events of a [Transport], on its loop but for [onWriting] and [onWritten]. None may throw. */
internal interface TransportListener {
    /** Bytes arrived. [input] is only valid during the call, may be changed, and must be consumed. */
    fun onBytes(input: ByteBuffer)

    /** The peer ended its direction; writing is still possible. At most once. */
    fun onInputEnd()

    /**
     * The transport is about to write: what is appended to its output now leaves with the rest. From
     * the thread that writes, without the monitor of the output.
     */
    fun onWriting(): Unit = Unit

    /**
     * Bytes of the output were written, and [waiting] are left. From the thread that wrote, without the
     * monitor of the output.
     */
    fun onWritten(waiting: Long)

    /** [Transport.heldMemory] has changed, because of bytes that arrived. On the loop. */
    fun onHeldMemory(): Unit = Unit

    /**
     * Memory is short, and nothing follows but [onClosed]: releases the input that is kept, and takes no
     * more. Allocates nothing. On the loop.
     */
    fun forget(): Unit = Unit

    /**
     * The transport is gone; [cause] is null when [Transport.close] was called. The last event, and
     * only called again if it throws OutOfMemoryError, after [forget].
     */
    fun onClosed(cause: IOException?)
}
