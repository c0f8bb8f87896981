package dev.kobahn.internal.connection

import dev.kobahn.protocol.Protocol
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.nanoseconds
import kotlinx.coroutines.DisposableHandle

/**
 * A Close that is due: the answer to the peer's, or the one that fails the connection. What was
 * received before may still be answered, so it waits until the application has nothing in hand any
 * more. Where its handler shares the loop that is known as soon as the handler had its turn;
 * elsewhere it gets [PATIENCE].
 *
 * On the loop, except where said otherwise.
 */
internal class DueClose(
    private val transport: Transport,
    private val protocol: Protocol,
    private val config: ConnectionConfig,
    private val closing: ClosingHandshake,
    private val outbox: Outbox,
    private val inbox: Inbox,
    private val handlerOnLoop: Boolean,
) {
    private val loop = transport.loop
    private val output = transport.output

    @Volatile
    private var isWaiting = false

    /** Ends the waiting. */
    private var patience: DisposableHandle? = null

    /** Ends the writing to a peer that is dropped and takes nothing. */
    @Volatile
    private var writing: ProgressTimer? = null

    /** Whether the peer ended its direction meanwhile. */
    private var inputEnded = false

    /** Whether the connection ends, without a Close, as soon as all is written. */
    @Volatile
    private var dropsWhenWritten = false

    fun onDue() {
        isWaiting = true
        // Behind a Close of our own nothing can be answered.
        if (inbox.isIdle || protocol.localClose != null) {
            send()
        } else {
            awaitAnswer()
            if (handlerOnLoop) loop.execute { transport.guarded { if (inbox.isEmptied) send() } }
        }
    }

    /**
     * An answer that waits for the peer to take what was sent before it has as long as the peer will
     * probably wait for our Close.
     */
    private fun awaitAnswer(begun: Long = loop.nanoTime()) {
        patience = loop.schedule(PATIENCE) {
            transport.guarded {
                val isInTime =
                    (loop.nanoTime() - begun).nanoseconds < config.closeHandshakeTimeout
                if (isWaiting && isInTime && outbox.isAwaited) awaitAnswer(begun) else send()
            }
        }
    }

    /** The application took everything and wants more. From any thread. */
    fun onIdle() {
        // Who asks for whole messages finds none until the loop has moved over what came in pieces.
        if (isWaiting && inbox.isIdle) send()
    }

    /** Sends the Close, if one is due. From any thread. */
    private fun send() {
        if (!isWaiting) return
        if (isDrop) return loop.run { transport.guarded(::drop) }
        val isSent = synchronized(output) { !outbox.isClosed && protocol.sendDueClose() }
        isWaiting = false
        if (isSent) transport.flush()
        loop.run { transport.guarded { if (!outbox.isClosed) sent() } }
    }

    /** A Close of ours was sent; nothing has to wait for it. */
    private fun sent() {
        isWaiting = false
        patience?.dispose()
        closing.advance()
        if (inputEnded) closing.inputEnded()
    }

    /** The application closes the connection. */
    fun onClosedHere() {
        if (isDrop) drop() else sent()
    }

    /** Whether the peer broke a rule and gets no Close for it. */
    val isDrop: Boolean get() = config.failByDrop && protocol.failure != null

    /** A peer that is dropped gets no Close, but what was to be sent to it before. */
    private fun drop() {
        if (!isWaiting) return
        isWaiting = false
        patience?.dispose()
        if (isAllWritten) return transport.close()
        dropsWhenWritten = true
        val limit = config.closeHandshakeTimeout
        writing = ProgressTimer(transport, limit) { transport.close() }.also { it.start() }
        transport.flush()
    }

    private val isAllWritten get() = synchronized(output) { output.isEmpty }

    /** The peer ended its direction; whether that has to wait. */
    fun onInputEnd(): Boolean {
        inputEnded = isWaiting || dropsWhenWritten
        return inputEnded
    }

    /** Octets were written. From the thread that wrote. */
    fun onWritten() {
        writing?.onWritten()
        if (dropsWhenWritten && isAllWritten) transport.close()
    }

    /** The transport is gone. */
    fun forget() {
        patience?.dispose()
        writing?.stop()
        isWaiting = false
    }

    private companion object {
        val PATIENCE = 250.milliseconds
    }
}
