package dev.kobahn.internal.transport.tls

import dev.kobahn.internal.connection.MemoryTransport
import dev.kobahn.internal.connection.TransportListener
import dev.kobahn.internal.connection.VirtualLoop
import dev.kobahn.internal.transport.Recorder
import dev.kobahn.internal.transport.send
import io.kotest.matchers.nulls.shouldNotBeNull
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import java.io.IOException
import java.util.concurrent.RejectedExecutionException
import javax.net.ssl.SSLEngineResult.HandshakeStatus
import kotlin.coroutines.CoroutineContext
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.CoroutineDispatcher
import kotlinx.coroutines.ExperimentalCoroutinesApi

/**
 * A transport with a [ScriptedEngine] over a pipe in memory whose other end is [far]. All on one
 * virtual loop.
 */
internal class ScriptedRig(
    status: HandshakeStatus,
    tasks: CoroutineDispatcher = Full,
    capacity: Int = MemoryTransport.CAPACITY,
) {
    val loop = VirtualLoop()
    val engine = ScriptedEngine(status)
    val opened = CompletableDeferred<Unit>()
    val near: MemoryTransport
    val far: MemoryTransport
    val tls: TlsTransport
    var recording: () -> Unit = {}
    val recorder = Recorder { recording() }
    val peer = Recorder()

    init {
        val (near, far) = MemoryTransport.pair(loop, capacity = capacity)
        this.near = near
        this.far = far
        tls = TlsTransport(near, ScriptedOpening(engine), opened, tasks)
    }

    /** The memory of [tls] when it last told its listener. */
    var told = 0L

    val isOpen get() = opened.isCompleted && failure == null

    @OptIn(ExperimentalCoroutinesApi::class)
    private val failure
        get() = if (opened.isCompleted) opened.getCompletionExceptionOrNull() else null

    fun start() {
        far.start(peer)
        tls.start(
            object : TransportListener by recorder {
                override fun onHeldMemory() {
                    told = tls.heldMemory
                }
            },
        )
        loop.run()
    }

    fun receive(hex: String) {
        far.send(hex.filterNot(Char::isWhitespace).hexToByteArray())
        loop.run()
    }

    /** The connection has ended, with a cause that says [reason]. */
    fun fails(reason: String) {
        far.shutdownOutput()
        loop.run()
        recorder.closed.isCompleted shouldBe true
        @OptIn(ExperimentalCoroutinesApi::class)
        val cause: IOException = recorder.closed.getCompleted().shouldNotBeNull()
        cause.message shouldContain reason
        loop.advanceBy(10.seconds)
        loop.pendingTimers shouldBe 0
        tls.output.size shouldBe 0
        recorder.closings.get() shouldBe 1
    }

    companion object {
        /** Returns a rig whose engine begins with [status] and obeys [script]. */
        fun started(
            status: HandshakeStatus,
            tasks: CoroutineDispatcher = Full,
            script: ScriptedEngine.() -> Unit = {},
        ): ScriptedRig = ScriptedRig(status, tasks).also {
            it.engine.script()
            it.start()
        }
    }
}

/** Takes no task, like an executor that is full or was shut down. */
internal object Full : CoroutineDispatcher() {
    override fun dispatch(context: CoroutineContext, block: Runnable): Unit =
        throw RejectedExecutionException("full")
}

/** Runs its tasks when it is opened, on the thread that opens it, and later ones at once. */
internal class Gate : CoroutineDispatcher() {
    private val waiting = ArrayList<Runnable>()
    private var isOpen = false

    override fun dispatch(context: CoroutineContext, block: Runnable) {
        if (isOpen) block.run() else waiting.add(block)
    }

    fun open() {
        isOpen = true
        waiting.forEach(Runnable::run)
        waiting.clear()
    }
}
