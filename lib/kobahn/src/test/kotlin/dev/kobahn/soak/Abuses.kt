package dev.kobahn.soak

import dev.kobahn.RawPeer
import java.io.ByteArrayOutputStream
import java.io.IOException
import java.net.SocketTimeoutException
import java.util.concurrent.ConcurrentLinkedQueue
import java.util.concurrent.ScheduledExecutorService
import java.util.zip.Deflater
import kotlin.random.Random

/**
 * One peer of the abused server after another, good, bad and broken. A session ends whatever
 * happens; what the server must not do is told to [finding].
 */
internal class Abuses(
    private val port: Int,
    private val timer: ScheduledExecutorService,
    private val random: Random,
    private val finding: (String) -> Unit,
) {
    private val open = ConcurrentLinkedQueue<Abuser>()

    @Volatile
    private var isAborted = false

    /** Ends the session that is going on, from another thread; it has no findings any more. */
    fun abort() {
        isAborted = true
        open.forEach { runCatching { it.reset() } }
    }

    /** Runs the kind of abuse [name]; whether the server let it in. */
    fun run(name: String): Boolean {
        try {
            ALL.getValue(name)()
            return true
        } catch (_: Refused) {
            return false
        } catch (broken: IllegalStateException) {
            if (!isAborted) finding("$name: ${broken.message}")
        } catch (_: IOException) {
            // Connections that are abused break.
        } finally {
            open.forEach { runCatching { it.close() } }
            open.clear()
        }
        return true
    }

    private class Refused : Exception()

    private fun connect(window: Int? = null): Abuser {
        val peer = Abuser(port, timer, window)
        open.add(peer)
        return peer
    }

    /** An open WebSocket. There may be too many: then there is none. */
    private fun peer(path: String, vararg fields: String, window: Int? = null): Abuser {
        val peer = connect(window)
        val status = try {
            peer.handshake(path, *fields)
        } catch (_: IOException) {
            throw Refused()
        }
        if (status == 503) throw Refused()
        check(status == 101) { "$path answered $status" }
        return peer
    }

    private fun echo() = peer(ECHOES.random(random))

    private fun deflated() = peer(
        listOf("/deflate", "/deflate/streams").random(random),
        "Sec-WebSocket-Extensions: permessage-deflate",
    )

    /** Ends a session in one of the ways there are. */
    private fun Abuser.leave() = when (random.nextInt(4)) {
        0 -> reset()

        1 -> close()

        2 -> {
            end()
            readSome(10_000)
        }

        else -> {
            send(RawPeer.CLOSE)
            readSome(10_000)
        }
    }

    private fun Abuser.mustEnd(after: String) {
        try {
            readToEnd()
        } catch (_: SocketTimeoutException) {
            error("the connection was not ended after $after")
        }
    }

    private fun size() = when (random.nextInt(10)) {
        0 -> 0
        in 1..5 -> random.nextInt(126)
        in 6..8 -> random.nextInt(4096)
        else -> random.nextInt(200_000)
    }

    private fun validEcho() {
        val peer = echo()
        repeat(random.nextInt(1, 20)) {
            val message = random.nextBytes(size())
            try {
                sendFragmented(peer, message)
                val answer = checkNotNull(peer.readMessage()) { "an echo ended early" }
                check(answer.contentEquals(message)) {
                    "an echo of ${message.size} bytes is wrong"
                }
            } catch (_: SocketTimeoutException) {
                error("an echo of ${message.size} bytes was not answered")
            }
        }
        peer.send(RawPeer.CLOSE)
        peer.mustEnd("both Close frames")
    }

    private fun sendFragmented(peer: Abuser, message: ByteArray) {
        val cut = if (message.isEmpty()) 0 else random.nextInt(message.size)
        if (random.nextBoolean()) return peer.send(RawPeer.masked(BINARY, message))
        peer.send(RawPeer.masked(BINARY and FIN.inv(), message.copyOf(cut)))
        if (random.nextBoolean()) peer.send(RawPeer.masked(PING, ByteArray(3)))
        peer.send(RawPeer.masked(FIN, message.copyOfRange(cut, message.size)))
    }

    private fun invalidFrames() {
        val peer = echo()
        if (random.nextBoolean()) peer.send(RawPeer.text("before"))
        val (name, bytes) = INVALID.entries.random(random)
        peer.send(bytes)
        peer.mustEnd(name)
    }

    private fun resetInTheMiddle() {
        val peer = echo()
        val frame = RawPeer.masked(BINARY, random.nextBytes(random.nextInt(1, 100_000)))
        peer.send(frame.copyOf(random.nextInt(frame.size)))
        peer.reset()
    }

    private fun halfClose() {
        val peer = peer((ECHOES + OTHERS).random(random))
        repeat(random.nextInt(20)) { peer.send(RawPeer.masked(BINARY, random.nextBytes(size()))) }
        peer.end()
        peer.mustEnd("the end of the input")
    }

    private fun tinyWindow() {
        val peer = peer(ECHOES.random(random), window = 1024)
        peer.send(RawPeer.masked(BINARY, ByteArray(300_000)))
        peer.readSome(random.nextInt(100_000), pause = 1)
        peer.leave()
    }

    private fun abortedHandshake() {
        val head = Abuser.head((ECHOES + OTHERS).random(random)).encodeToByteArray()
        val peer = connect()
        peer.send(head.copyOf(random.nextInt(head.size + 1)))
        if (random.nextBoolean()) peer.reset() else peer.close()
    }

    private fun pingFlood() {
        val peer = echo()
        val isRead = random.nextBoolean()
        repeat(random.nextInt(1000)) {
            peer.send(RawPeer.masked(PING, ByteArray(125)))
            if (isRead && it % 50 == 49) peer.readSome(1000)
        }
        peer.leave()
    }

    private fun slowReader() {
        val peer = echo()
        peer.send(RawPeer.masked(BINARY, ByteArray(random.nextInt(200_000))))
        peer.readSome(random.nextInt(50_000), pause = 20)
        peer.leave()
    }

    private fun slowWriter() {
        val peer = connect()
        peer.trickle(Abuser.head("/").encodeToByteArray(), size = 20, pause = 5)
        if (peer.readStatus() != 101) throw Refused()
        peer.trickle(RawPeer.masked(BINARY, ByteArray(200)), size = 1, pause = 1)
        check(peer.readMessage()?.size == 200) { "a slow message was not echoed" }
        peer.leave()
    }

    private fun slowHandshake() {
        val peer = connect()
        peer.trickle(Abuser.head("/").encodeToByteArray(), size = 1, pause = 20)
        peer.mustEnd("openHandshakeTimeout")
    }

    private fun unfinishedMessage() {
        val peer = echo()
        peer.send(RawPeer.masked(BINARY and FIN.inv(), ByteArray(1000)))
        repeat(random.nextInt(100)) { peer.send(RawPeer.masked(0, ByteArray(5000))) }
        Thread.sleep(random.nextLong(500))
        peer.leave()
    }

    private fun bomb() {
        val peer = deflated()
        repeat(random.nextInt(1, 4)) { peer.send(RawPeer.masked(COMPRESSED, BOMBS.random(random))) }
        peer.readSome(random.nextInt(1_000_000))
        peer.leave()
    }

    private fun emptyBlocks() {
        val peer = deflated()
        peer.send(RawPeer.masked(COMPRESSED, EMPTY_BLOCKS))
        peer.readSome(100)
        peer.leave()
    }

    private fun burst() {
        val peers = List(60) { connect() }
        for (peer in peers) peer.send(Abuser.head("/").encodeToByteArray())
        for (peer in peers) peer.readStatus()
        peers.forEach(Abuser::reset)
    }

    private fun garbage() {
        val peer = connect()
        peer.send(random.nextBytes(random.nextInt(1, 70_000)))
        peer.end()
        peer.mustEnd("garbage")
    }

    private fun badHeads() {
        val peer = connect()
        peer.send(BAD_HEADS.random(random))
        peer.mustEnd("a bad head")
    }

    private fun pipelining() {
        val peer = connect()
        val more = listOf(
            RawPeer.text("early") + RawPeer.CLOSE,
            Abuser.head("/").encodeToByteArray(),
            RawPeer.masked(BINARY, ByteArray(100_000)),
        )
        val path = (ECHOES + "/late" + "/page").random(random)
        peer.send(Abuser.head(path).encodeToByteArray() + more.random(random))
        peer.readSome(random.nextInt(1, 5000))
        peer.leave()
    }

    private fun neverRead() {
        val peer = peer((ECHOES + OTHERS).random(random))
        // Ends when the server takes no more and the session's time is over, if not before.
        repeat(random.nextInt(200)) { peer.send(RawPeer.masked(BINARY, ByteArray(10_000))) }
        Thread.sleep(random.nextLong(1000))
        peer.leave()
    }

    private fun page() {
        val peer = connect()
        peer.send("GET /page HTTP/1.1\r\nHost: localhost\r\n\r\n")
        if (peer.readStatus() != 200) throw Refused()
        if (random.nextBoolean()) return peer.mustEnd("a page")
        peer.readSome(random.nextInt(1_000_000), pause = 1)
        peer.leave()
    }

    private fun closes() {
        val peer = peer((ECHOES + OTHERS).random(random))
        repeat(random.nextInt(1, 200)) { peer.send(RawPeer.CLOSE) }
        peer.mustEnd("its Close")
    }

    private fun groupMember() {
        val peer = peer("/group/${random.nextInt(3)}")
        repeat(random.nextInt(50)) {
            peer.send(RawPeer.masked(BINARY, ByteArray(random.nextInt(3000))))
            if (random.nextBoolean()) peer.readSome(random.nextInt(1, 100))
        }
        peer.leave()
    }

    private fun pushed() {
        val peer = peer("/push")
        peer.readSome(random.nextInt(1, 300_000))
        if (random.nextBoolean()) Thread.sleep(random.nextLong(2000))
        peer.leave()
    }

    private fun emptyMessages() {
        val peer = peer((ECHOES + "/never").random(random))
        val message = RawPeer.masked(BINARY, ByteArray(0))
        val many = ByteArray(500 * message.size) { message[it % message.size] }
        repeat(random.nextInt(1, 20)) { peer.send(many) }
        peer.leave()
    }

    private fun denied() {
        val path = listOf("/deny", "/throw/early", "/late", "/nowhere").random(random)
        val peer = connect()
        peer.send(Abuser.head(path))
        if (random.nextInt(3) > 0) peer.readStatus()
        peer.leave()
    }

    private fun thrown() {
        val peer = peer("/throw")
        peer.send(RawPeer.text("now"))
        peer.mustEnd("its handler has failed")
    }

    private fun nothing() {
        val peer = if (random.nextBoolean()) connect() else peer((ECHOES + OTHERS).random(random))
        Thread.sleep(random.nextLong(3000))
        peer.leave()
    }

    companion object {
        private const val FIN = 0x80
        private const val BINARY = 0x82
        private const val COMPRESSED = 0xC2
        private const val PING = 0x89
        private val ECHOES = listOf("/", "/default", "/streams")
        private val OTHERS = listOf("/never", "/push", "/late", "/group/0", "/group/1", "/group/2")

        /** Every kind by its name. */
        val ALL: Map<String, Abuses.() -> Unit> = linkedMapOf(
            "valid echo" to { validEcho() },
            "invalid frames" to { invalidFrames() },
            "RST in a frame" to { resetInTheMiddle() },
            "half-close" to { halfClose() },
            "tiny window" to { tinyWindow() },
            "aborted handshake" to { abortedHandshake() },
            "Ping flood" to { pingFlood() },
            "slow reader" to { slowReader() },
            "slow writer" to { slowWriter() },
            "slow handshake" to { slowHandshake() },
            "unfinished message" to { unfinishedMessage() },
            "deflate bomb" to { bomb() },
            "empty blocks" to { emptyBlocks() },
            "burst" to { burst() },
            "garbage" to { garbage() },
            "bad head" to { badHeads() },
            "pipelining" to { pipelining() },
            "never reads" to { neverRead() },
            "page" to { page() },
            "many Closes" to { closes() },
            "group" to { groupMember() },
            "pushed to" to { pushed() },
            "empty messages" to { emptyMessages() },
            "denied" to { denied() },
            "thrown" to { thrown() },
            "nothing" to { nothing() },
        )

        private fun hex(text: String) = text.filterNot(Char::isWhitespace).hexToByteArray()

        /** What no peer may send, each of it enough to end the connection. */
        private val INVALID = mapOf(
            "a reserved opcode" to hex("8380 00000000"),
            "a reserved control opcode" to hex("8b80 00000000"),
            "a reserved bit" to hex("a280 00000000"),
            "a frame without mask" to hex("8200"),
            "a length that is not the shortest" to hex("82fe 0001 00000000 00"),
            "a negative length" to hex("82ff ffffffffffffffff 00000000"),
            "a length beyond the limit" to hex("82ff 0000000100000000 00000000"),
            "a control frame in fragments" to hex("0980 00000000"),
            "a long control frame" to hex("89fe 007e 00000000") + ByteArray(126),
            "a continuation of nothing" to hex("8080 00000000"),
            "a message within a message" to hex("0280 00000000 8280 00000000"),
            "a Close of one byte" to hex("8881 00000000 03"),
            "a Close with 1005" to hex("8882 00000000 03ed"),
            "a reason that is no UTF-8" to hex("8883 00000000 03e8ff"),
            "text that is no UTF-8" to hex("8181 00000000 ff"),
        )

        private val BAD_HEADS = listOf(
            "GET / HTTP/1.1\n\n",
            "\r\n\r\n",
            "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nhello",
            "GET / HTTP/1.1\r\nUpgrade: websocket\r\n\r\n",
            "GET /${"x".repeat(10_000)} HTTP/1.1\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: localhost\r\n" + "A: b\r\n".repeat(1000) + "\r\n",
            "GET / HTTP/1.1\r\nHost: localhost\r\nX: \u0007\r\n\r\n",
            "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
            Abuser.head("/", "Origin: http://evil.example"),
            Abuser.head("/").replace("Version: 13", "Version: 12"),
        )

        /** Zeros: a few bytes on the wire, more than the limit, and just below it. */
        private val BOMBS = listOf(1_000_000, 3_900_000, 16_000_000).map { deflate(ByteArray(it)) }

        /** 32 KiB of history, then blocks with nothing in them, which are two bytes each. */
        private val EMPTY_BLOCKS =
            deflate(ByteArray(32_768)) + hex("0000 00ffff") + hex("0300".repeat(10_000))

        private fun deflate(bytes: ByteArray): ByteArray {
            val deflater = Deflater(Deflater.BEST_COMPRESSION, true)
            val result = ByteArrayOutputStream()
            val buffer = ByteArray(65_536)
            deflater.setInput(bytes)
            while (true) {
                val count = deflater.deflate(buffer, 0, buffer.size, Deflater.SYNC_FLUSH)
                if (count == 0) break
                result.write(buffer, 0, count)
            }
            deflater.end()
            // The end of a flush is left out of a message.
            return result.toByteArray().let { it.copyOf(it.size - 4) }
        }
    }
}
