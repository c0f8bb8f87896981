package dev.kobahn.interop

import dev.kobahn.ClientWebSocket
import dev.kobahn.Message
import dev.kobahn.RawPeer
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldStartWith
import java.security.MessageDigest
import java.util.Base64

/** Talks as a small client that is none of ours to a server of ours that echoes. */
internal fun RawPeer.exchange() {
    handshake("/", "Origin: https://localhost") shouldStartWith "HTTP/1.1 101 "
    echo("hello")
    echo("x".repeat(100_000))
    send(RawPeer.masked(0x89, "are you there".encodeToByteArray()))
    readFrame() shouldBe "pong are you there"
    send(RawPeer.CLOSE)
    readFrame() shouldBe "close 1000"
    readFrame() shouldBe "end"
}

/** Sends [text], which has to come back. */
internal fun RawPeer.echo(text: String) {
    send(RawPeer.text(text))
    readFrame() shouldBe "text $text"
}

/** Serves as a small server that answers messages by descriptions, and a Close by a Close. */
internal fun RawPeer.serve() {
    val key = readHead().lines().first { it.startsWith("Sec-WebSocket-Key: ") }.substring(19)
    val accept = MessageDigest.getInstance("SHA-1")
        .digest("${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11".encodeToByteArray())
    send(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
            "Sec-WebSocket-Accept: ${Base64.getEncoder().encodeToString(accept)}\r\n\r\n",
    )
    while (true) {
        val frame = readFrame()
        if (frame.startsWith("close")) {
            send(byteArrayOf(0x88.toByte(), 2, 3, 0xE8.toByte())).end()
            return
        }
        if (frame == "end") return
        send(byteArrayOf(0x81.toByte(), frame.length.toByte()) + frame.encodeToByteArray())
    }
}

/** Talks as our client to a peer that serves by [serve]. */
internal suspend fun ClientWebSocket.exchangeWithRawPeer() {
    send("hello")
    incoming.receive() shouldBe Message.Text("text hello")
    send(ByteArray(100_000))
    incoming.receive() shouldBe Message.Text("binary 100000")
    close().wasClean shouldBe true
}
