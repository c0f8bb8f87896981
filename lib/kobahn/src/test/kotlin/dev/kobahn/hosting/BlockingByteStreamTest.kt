package dev.kobahn.hosting

import dev.kobahn.internal.transport.tls.Certificates
import dev.kobahn.tls.jdkContext
import dev.kobahn.tls.jdkSocket
import io.kotest.assertions.nondeterministic.eventually
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.nulls.shouldBeNull
import io.kotest.matchers.shouldBe
import java.io.ByteArrayOutputStream
import java.io.Closeable
import java.io.IOException
import java.io.InputStream
import java.net.InetAddress
import java.net.ServerSocket
import java.net.Socket
import java.nio.ByteBuffer
import java.util.concurrent.CopyOnWriteArrayList
import java.util.concurrent.CountDownLatch
import java.util.concurrent.Executor
import java.util.concurrent.Executors
import java.util.concurrent.TimeUnit
import javax.net.ssl.HandshakeCompletedListener
import javax.net.ssl.SSLSession
import javax.net.ssl.SSLSocket
import kotlin.concurrent.thread
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.withContext
import kotlinx.coroutines.withTimeout

private val PATIENCE = 10.seconds

/** The events of a stream. */
private class Events : ByteStreamListener {
    val written = CompletableDeferred<Unit>()
    val inputEnd = CompletableDeferred<Unit>()
    val closed = CompletableDeferred<Throwable?>()

    override fun onBytes(bytes: ByteBuffer) = Unit

    override fun onInputEnd() {
        inputEnd.complete(Unit)
    }

    override fun onWritten() {
        written.complete(Unit)
    }

    override fun onClosed(cause: Throwable?) {
        closed.complete(cause)
    }
}

/** A stream that moves nothing, and calls [shutdown] to end its output. */
private class IdleStream(
    executor: Executor,
    private val shutdown: () -> Unit = {},
    onClose: Closeable = Closeable { },
) : BlockingByteStream(
    ByteArray(0).inputStream(),
    ByteArrayOutputStream(),
    executor,
    onClose,
) {
    override fun shutdownOutput() = shutdown()
}

class BlockingByteStreamTest :
    FunSpec({
        timeout = 60_000
        val executor = Executors.newCachedThreadPool()
        afterSpec { executor.shutdownNow() }

        /** Runs [action] as a loop would, which must not be blocked. */
        fun quickly(action: () -> Unit) {
            executor.submit(Runnable(action)).get(PATIENCE.inWholeSeconds, TimeUnit.SECONDS)
        }

        test("close does not wait for an end that blocks, and tells when it is over") {
            val release = CountDownLatch(1)
            val stream = IdleStream(executor) { release.await() }
            val events = Events().also(stream::start)
            quickly { stream.close() }
            events.closed.isCompleted shouldBe false
            release.countDown()
            withTimeout(PATIENCE) { events.closed.await() }.shouldBeNull()
        }

        test("the end of the output does not wait, whether it is the last end or not") {
            for (isLast in listOf(false, true)) {
                val release = CountDownLatch(1)
                val reached = CompletableDeferred<Unit>()
                val blocking = {
                    reached.complete(Unit)
                    release.await()
                }
                val stream = IdleStream(executor, blocking, blocking)
                stream.start(Events())
                quickly { stream.endOutput(isLast) }
                withTimeout(PATIENCE) { reached.await() }
                release.countDown()
            }
        }

        test("an end that fails is told") {
            val failure = IOException("on purpose")
            val broken = IdleStream(executor, { throw failure })
            val events = Events().also(broken::start)
            broken.endOutput(isLast = false)
            withTimeout(PATIENCE) { events.closed.await() } shouldBe failure
            val stuck = IdleStream(executor) { throw failure }
            val others = Events().also(stuck::start)
            stuck.close()
            withTimeout(PATIENCE) { others.closed.await() } shouldBe failure
        }

        test("a socket that cannot end one direction alone goes on reading") {
            ServerSocket(0, 1, InetAddress.getByName("127.0.0.1")).use { listener ->
                val near = object : Socket(listener.inetAddress, listener.localPort) {
                    override fun shutdownOutput() = throw UnsupportedOperationException("Java 8")
                }
                listener.accept().use { far ->
                    // In this thread, so that all has happened when the call returns.
                    val stream = BlockingByteStream.of(near, Runnable::run)
                    val events = Events().also(stream::start)
                    stream.endOutput(isLast = false)
                    events.closed.isCompleted shouldBe false
                    far.shutdownOutput()
                    stream.read()
                    events.inputEnd.isCompleted shouldBe true
                    stream.close()
                    near.isClosed shouldBe true
                }
            }
        }

        test("an executor that takes nothing more does not keep a stream open") {
            val ended = Executors.newSingleThreadExecutor().apply { shutdown() }
            val closed = CompletableDeferred<Unit>()
            IdleStream(ended) { closed.complete(Unit) }.close()
            closed.isCompleted shouldBe true
        }

        /** A connected pair of TLS, whose handshake is done. */
        fun tlsPair(): Pair<SSLSocket, SSLSocket> {
            val here = InetAddress.getByName("127.0.0.1")
            Certificates.context().serverSocketFactory.createServerSocket(0, 1, here).use {
                val near = jdkSocket(it.localPort, jdkContext())
                val shaking = thread { near.startHandshake() }
                val far = it.accept() as SSLSocket
                far.startHandshake()
                shaking.join()
                return near to far
            }
        }

        test("close ends a TLS socket at once although a write blocks") {
            val (near, far) = tlsPair()
            far.use {
                val stream = BlockingByteStream.of(near, executor)
                val events = Events().also(stream::start)
                stream.read()
                stream.write(ByteBuffer.allocate(16 shl 20))
                // A part has arrived, and nothing more is read.
                withContext(Dispatchers.IO) { far.inputStream.read() } shouldBe 0
                quickly { stream.close() }
                withTimeout(PATIENCE) { events.closed.await() }
                // The write that fails may tell of the end before the socket has ended.
                eventually(PATIENCE) { near.isClosed shouldBe true }
            }
        }

        test("the last end of a TLS socket delivers all that was written") {
            val (near, far) = tlsPair()
            far.use {
                val stream = BlockingByteStream.of(near, executor)
                val events = Events().also(stream::start)
                stream.write(ByteBuffer.allocate(50_000))
                withTimeout(PATIENCE) { events.written.await() }
                stream.endOutput(isLast = true)
                stream.close()
                withContext(Dispatchers.IO) { far.inputStream.countAll() } shouldBe 50_000
                withTimeout(PATIENCE) { events.closed.await() }.shouldBeNull()
            }
        }

        test("a second close ends a TLS socket whose first close waits for its peer") {
            val socket = StuckSocket()
            val stream = BlockingByteStream.of(socket, executor)
            val events = Events().also(stream::start)
            quickly { stream.endOutput(isLast = true) }
            withTimeout(PATIENCE) { socket.closing.await() }
            events.closed.isCompleted shouldBe false
            quickly { stream.close() }
            withTimeout(PATIENCE) { events.closed.await() }
        }

        test("close does not wait for an end of the output that blocks in a TLS socket") {
            val socket = StuckSocket()
            val stream = BlockingByteStream.of(socket, executor)
            val events = Events().also(stream::start)
            quickly { stream.endOutput(isLast = false) }
            withTimeout(PATIENCE) { socket.shuttingDown.await() }
            quickly { stream.close() }
            withTimeout(PATIENCE) { events.closed.await() }
            socket.lingers shouldBe listOf(5)
        }

        test("a TLS socket whose executor takes nothing more is closed without waiting") {
            val ended = Executors.newSingleThreadExecutor().apply { shutdown() }
            for (end in listOf(
                { stream: BlockingByteStream -> stream.close() },
                { stream -> stream.endOutput(isLast = true) },
                { stream -> stream.endOutput(isLast = false) },
            )) {
                val socket = StuckSocket()
                val stream = BlockingByteStream.of(socket, ended)
                val events = Events().also(stream::start)
                quickly { end(stream) }
                events.closed.isCompleted shouldBe true
                socket.lingers shouldBe listOf(0)
            }
        }
    })

private fun InputStream.countAll(): Int = readBytes().size

/** A TLS socket whose ends wait until it may linger only for some time. */
private class StuckSocket : SSLSocket() {
    private val isLimited = CountDownLatch(1)
    val closing = CompletableDeferred<Unit>()
    val shuttingDown = CompletableDeferred<Unit>()
    val lingers = CopyOnWriteArrayList<Int>()

    override fun close() {
        closing.complete(Unit)
        isLimited.await()
    }

    override fun shutdownOutput() {
        shuttingDown.complete(Unit)
        isLimited.await()
    }

    override fun setSoLinger(on: Boolean, linger: Int) {
        lingers += linger
        isLimited.countDown()
    }

    override fun getInputStream() = ByteArray(0).inputStream()

    override fun getOutputStream() = ByteArrayOutputStream()

    override fun getSupportedCipherSuites() = emptyArray<String>()

    override fun getEnabledCipherSuites() = emptyArray<String>()

    override fun setEnabledCipherSuites(suites: Array<out String>) = Unit

    override fun getSupportedProtocols() = emptyArray<String>()

    override fun getEnabledProtocols() = emptyArray<String>()

    override fun setEnabledProtocols(protocols: Array<out String>) = Unit

    override fun getSession(): SSLSession = throw UnsupportedOperationException()

    override fun addHandshakeCompletedListener(listener: HandshakeCompletedListener) = Unit

    override fun removeHandshakeCompletedListener(listener: HandshakeCompletedListener) = Unit

    override fun startHandshake() = Unit

    override fun setUseClientMode(mode: Boolean) = Unit

    override fun getUseClientMode() = true

    override fun setNeedClientAuth(need: Boolean) = Unit

    override fun getNeedClientAuth() = false

    override fun setWantClientAuth(want: Boolean) = Unit

    override fun getWantClientAuth() = false

    override fun setEnableSessionCreation(flag: Boolean) = Unit

    override fun getEnableSessionCreation() = true
}
