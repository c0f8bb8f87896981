package dev.kobahn.hosting

import java.nio.ByteBuffer

/**
 * Both directions of a connection that another server, another client or a tunnel of your own has
 * opened: Kobahn's view of it. Implement this to let Kobahn speak WebSocket over it, and hand it to
 * a [HostedServer].
 *
 * Each direction has at most one call on its way. Kobahn calls [read] and waits for the answer in
 * [ByteStreamListener]; it calls [write] and waits for [ByteStreamListener.onWritten]. So neither
 * side needs a queue: a peer that sends too much is not asked, and one that takes nothing keeps
 * `send` suspended.
 *
 * Kobahn calls all functions from any thread, event loops included, so none may block. The calls of
 * a direction come one at a time; [close] may come during any of them. If a function throws, Kobahn
 * closes the connection. A stream that can only block is a [BlockingByteStream].
 */
public interface ByteStream {
    /** Begins: the stream tells [listener] of its events. The first call, made once. */
    public fun start(listener: ByteStreamListener)

    /**
     * Asks for bytes. As soon as some have arrived, the stream calls [ByteStreamListener.onBytes]
     * once, or [ByteStreamListener.onInputEnd] at the end of the input. Until the next call of
     * `read` it calls [ByteStreamListener.onBytes] no more: not to call this is how Kobahn pauses
     * the peer.
     */
    public fun read()

    /**
     * Writes all the remaining bytes of [bytes], and then calls [ByteStreamListener.onWritten]. The
     * buffer belongs to the stream until that call. To hold back the sender, call it late: when
     * the network has taken the bytes, or when they are in a queue of bounded size.
     */
    public fun write(bytes: ByteBuffer)

    /**
     * Ends the outgoing direction behind all bytes that were written. No [write] follows.
     *
     * @param isLast whether the peer has nothing more to send, so that both directions should end.
     * Otherwise reading goes on until the peer ends its direction, or Kobahn calls [close]: a
     * socket that is closed with unread input may discard what the peer has not read yet. A
     * stream that cannot end one direction alone does nothing then.
     */
    public fun endOutput(isLast: Boolean)

    /**
     * Ends both directions at once. Bytes that the peer has not got may be lost. Nothing follows.
     * May be called more than once, and after [ByteStreamListener.onClosed].
     */
    public fun close()
}

/**
 * The receiver of a [ByteStream]'s events. Kobahn implements this; a stream calls it, from any
 * thread, each direction one call at a time. No function blocks or throws because of what a peer
 * sent.
 */
public interface ByteStreamListener {
    /**
     * Bytes have arrived: the answer to [ByteStream.read]. The buffer belongs to Kobahn, which
     * takes and changes its remaining bytes, until the next call of `read`; after that the stream
     * may use it again.
     *
     * @throws IllegalArgumentException if [bytes] is read-only
     * @throws IllegalStateException if Kobahn has not asked for bytes
     */
    public fun onBytes(bytes: ByteBuffer)

    /** The peer has ended its direction. Writing is still possible. */
    public fun onInputEnd()

    /**
     * The bytes of the last [ByteStream.write] are written.
     *
     * @throws IllegalStateException if nothing is being written
     */
    public fun onWritten()

    /**
     * Both directions have ended, because of [cause] if it is not null. May be called at any time
     * after [ByteStream.start], and more than once.
     */
    public fun onClosed(cause: Throwable?)
}
