package dev.kobahn.internal.connection

import dev.kobahn.protocol.CloseCode
import dev.kobahn.protocol.Role
import java.io.IOException

/**
 * The memory that a [connection] holds, as the budget of its server or client counts it: unread
 * messages, unparsed input, unsent output, the request, and what others keep for it. Most connections
 * never hold enough to count, so a [HeldMemory] is made only for one that does.
 *
 * On the loop, except where a KDoc says otherwise.
 */
internal class ConnectionMemory(
    private val connection: Connection,
    private val budget: MemoryBudget,
) : HeldMemory.Owner {
    private val transport = connection.transport
    private val output = transport.output

    @Volatile
    private var held: HeldMemory? = null

    /** Memory that others keep for this connection. */
    @Volatile
    private var kept = emptyList<KeptMemory>()

    /** The size of the request in bytes. The request is kept as long as the connection is open. */
    private var requestSize = 0L

    /** Whether memory is short, so that nothing further is read and senders wait. */
    @Volatile
    var isShort = false
        private set

    /** Whether the handler has returned. */
    @Volatile
    private var isAbandoned = false

    /** The connection is open, and keeps a request of [size] bytes. */
    fun onOpened(size: Long) {
        requestSize = size
        if (size >= MemoryBudget.GRAIN) update()
    }

    override val heldMemory: Long
        get() {
            val unread = connection.incomingMessages.weight
            return if (connection.isClosed) {
                unread
            } else {
                unread + connection.reading.size +
                    unreleased
            }
        }

    /** The bytes that this connection cannot give up before its end. */
    private val unreleased get() = requestSize + output.weight + kept.sumOf { it.weight }

    /** The connection may hold more or less than before. From any thread. */
    fun update() {
        if (held == null && heldMemory < MemoryBudget.GRAIN) return
        made()?.update()
    }

    /** The connection holds less than before. From any thread. */
    fun onReleased() {
        held?.update()
    }

    private fun made() = held ?: synchronized(output) {
        // Nobody would end one that is made after the end.
        if (held == null && !connection.isClosed) held = HeldMemory(budget, transport, this)
        held
    }

    /** Others hold a part of what waits to be written. From any thread. */
    fun watch() {
        transport.loop.run { transport.guarded { made()?.watch() } }
    }

    override fun reassessMemory(): Boolean {
        synchronized(output) { output.reassess() }
        val kept = kept
        kept.forEach { it.reassess() }
        return output.isShared || kept.isNotEmpty()
    }

    /** From now on [memory] counts as this connection's, until [release]. From any thread. */
    fun retain(memory: KeptMemory) {
        synchronized(output) { kept = kept + memory }
        watch()
        update()
    }

    /** From any thread. */
    fun release(memory: KeptMemory) {
        synchronized(output) { kept = kept - memory }
        update()
    }

    override fun onMemoryShort(isShort: Boolean) {
        this.isShort = isShort && !connection.isClosing
        if (this.isShort) return connection.reading.pause()
        connection.outgoing.onWritten()
        connection.reading.resume()
    }

    /** The connection closes: reading goes on to the peer's Close, and keeps nothing of it. */
    fun onClosing() {
        isShort = false
    }

    override fun giveUpMemory() {
        if (connection.isClosed) return forgetUnread()
        isShort = false
        val isSomethingLost = connection.incomingMessages.weight > 0
        // First, because everything else allocates and may fail.
        connection.incomingMessages.release()
        val cause =
            IOException("all connections held more than memoryBudget, and this one much of it")
        connection.beginClose(CloseCode.TRY_AGAIN_LATER, "out of memory", cause)
        if (isSomethingLost) connection.incomingMessages.fail(connection.closedException())
        // A peer that takes a byte now and then could keep the output before the Close for hours.
        if (unreleased >= MemoryBudget.GRAIN) return connection.drop(cause)
        connection.reading.goOn()
        update()
    }

    /** Memory is short after the end. A receiver learns that messages are missing. */
    private fun forgetUnread() {
        connection.incomingMessages.release()
        connection.incomingMessages.fail(connection.closedException())
        update()
    }

    /**
     * The connection has ended. A peer causes the handlers of a server, so messages that wait for
     * one count until the handler takes them or returns. Messages that wait for the application of a
     * client are its own affair.
     */
    fun onClosed() {
        val held = held ?: return
        if (isAbandoned || connection.config.protocol.role == Role.CLIENT) return held.end()
        held.update()
        held.linger()
    }

    /** The handler has returned: nobody keeps the messages that it has not received. From any thread. */
    fun onHandlerEnd() {
        isAbandoned = true
        if (held == null) return
        transport.loop.run { transport.guarded { if (connection.isClosed) held?.end() } }
    }
}
