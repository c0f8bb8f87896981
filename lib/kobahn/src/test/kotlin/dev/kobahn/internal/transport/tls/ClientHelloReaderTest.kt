package dev.kobahn.internal.transport.tls

import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.nulls.shouldBeNull
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.types.shouldBeInstanceOf
import java.nio.ByteBuffer
import javax.net.ssl.SNIHostName
import javax.net.ssl.SSLContext
import kotlin.random.Random

class ClientHelloReaderTest :
    FunSpec({
        val hello = helloOf("www.Example.com")

        test("the name is read from a ClientHello of the JDK, in lower case") {
            hello.read().shouldBeInstanceOf<FirstBytes.Hello>().serverName shouldBe
                "www.example.com"
            helloOf(null).read().shouldBeInstanceOf<FirstBytes.Hello>().serverName.shouldBeNull()
        }

        test("the name is read wherever the bytes are split") {
            for (size in 1..hello.size) {
                val reader = ClientHelloReader()
                val pieces = hello.toList().chunked(size).map { it.toByteArray() }
                val results = pieces.map { reader.read(ByteBuffer.wrap(it)) }
                results.dropLast(1).all { it == null } shouldBe true
                results.last().shouldBeInstanceOf<FirstBytes.Hello>().serverName shouldBe
                    "www.example.com"
            }
        }

        test("the name is read from records of any size") {
            val message = hello.copyOfRange(5, hello.size)
            for (size in listOf(1, 2, 3, 4, 5, 100, message.size)) {
                records(message, size).read().shouldBeInstanceOf<FirstBytes.Hello>()
                    .serverName shouldBe "www.example.com"
            }
        }

        test("bytes behind the ClientHello are left") {
            val input = ByteBuffer.wrap(hello + byteArrayOf(1, 2, 3))
            ClientHelloReader().read(input).shouldBeInstanceOf<FirstBytes.Hello>()
            input.remaining() shouldBe 3
        }

        test("a ClientHello without extensions has no name") {
            val body = ByteArray(34) + byteArrayOf(0, 0, 2, 0x13, 1, 1, 0)
            records(byteArrayOf(1, 0, 0, body.size.toByte()) + body, 100).read()
                .shouldBeInstanceOf<FirstBytes.Hello>().serverName.shouldBeNull()
        }

        test("requests of HTTP are recognized by one byte") {
            for (method in listOf("GET / HTTP/1.1", "POST", "OPTIONS", "CONNECT", "H")) {
                method.encodeToByteArray().read() shouldBe FirstBytes.PlainHttp
            }
        }

        for ((bytes, alert) in listOf(
            "80" to ClientHelloReader.PROTOCOL_VERSION,
            "00" to ClientHelloReader.UNEXPECTED_MESSAGE,
            "7f" to ClientHelloReader.UNEXPECTED_MESSAGE,
            "61" to ClientHelloReader.UNEXPECTED_MESSAGE,
            "15" to ClientHelloReader.UNEXPECTED_MESSAGE,
            "1602" to ClientHelloReader.UNEXPECTED_MESSAGE,
            "1603010000" to ClientHelloReader.UNEXPECTED_MESSAGE,
            "1603014001" to ClientHelloReader.UNEXPECTED_MESSAGE,
            "160301000102" to ClientHelloReader.UNEXPECTED_MESSAGE,
            "1603010001011703" to ClientHelloReader.UNEXPECTED_MESSAGE,
            "160301000401000000" to ClientHelloReader.DECODE_ERROR,
            "160301000401004001" to ClientHelloReader.DECODE_ERROR,
            "1603010005010000012a" to ClientHelloReader.DECODE_ERROR,
        )) {
            test("$bytes is malformed, alert $alert") {
                val result = bytes.hexToByteArray().read()
                result.shouldBeInstanceOf<FirstBytes.Malformed>().alert shouldBe alert
            }
        }

        test("a name that is no host name is malformed") {
            for (name in listOf("a b", "", "a/b", "ä", "a\u0000b", "x".repeat(256))) {
                withName(name).read().shouldBeInstanceOf<FirstBytes.Malformed>()
                    .reason shouldContain "host name"
            }
            withName("under_score.example").read().shouldBeInstanceOf<FirstBytes.Hello>()
        }

        test("a dot at the end of a name is no part of it") {
            withName("A.Example.").read().shouldBeInstanceOf<FirstBytes.Hello>().serverName shouldBe
                "a.example"
            withName(".").read().shouldBeInstanceOf<FirstBytes.Malformed>()
        }

        test("no bytes make it throw, and none make it keep more than its bound") {
            val random = Random(7)
            repeat(20_000) {
                val bytes = hello.copyOf(random.nextInt(hello.size + 1))
                repeat(random.nextInt(4)) {
                    if (bytes.size >
                        5
                    ) {
                        bytes[random.nextInt(5, bytes.size)] = random.nextInt().toByte()
                    }
                }
                val reader = ClientHelloReader()
                val cut = random.nextInt(bytes.size + 1)
                reader.read(ByteBuffer.wrap(bytes, 0, cut))
                    ?: reader.read(ByteBuffer.wrap(bytes, cut, bytes.size - cut))
            }
        }

        test("the bytes of a ClientHello that has not ended count") {
            val reader = ClientHelloReader()
            reader.weight shouldBe 0
            reader.read(
                ByteBuffer.wrap(
                    "160301 0010 010000ff".filterNot {
                        it == ' '
                    }.hexToByteArray(),
                ),
            )
            reader.read(ByteBuffer.wrap(ByteArray(10)))
            reader.weight shouldBe 10
        }
    })

private fun ByteArray.read() = ClientHelloReader().read(ByteBuffer.wrap(this))

private fun helloOf(name: String?): ByteArray {
    val engine = SSLContext.getDefault().createSSLEngine()
    engine.useClientMode = true
    if (name != null) {
        engine.sslParameters =
            engine.sslParameters.apply { serverNames = listOf(SNIHostName(name)) }
    }
    engine.beginHandshake()
    val output = ByteBuffer.allocate(engine.session.packetBufferSize)
    engine.wrap(ByteBuffer.allocate(0), output)
    output.flip()
    return ByteArray(output.remaining()).also(output::get)
}

/** Cuts a handshake [message] into records of [size] bytes. */
private fun records(message: ByteArray, size: Int): ByteArray =
    message.toList().chunked(size).flatMap { part ->
        listOf<Byte>(22, 3, 1, (part.size shr 8).toByte(), part.size.toByte()) + part
    }.toByteArray()

private fun withName(name: String): ByteArray {
    fun short(value: Int) = byteArrayOf((value shr 8).toByte(), value.toByte())
    fun sized(bytes: ByteArray) = short(bytes.size) + bytes
    val entry = byteArrayOf(0) + sized(name.toByteArray(Charsets.ISO_8859_1))
    val extensions = sized(short(0) + sized(sized(entry)))
    val body = ByteArray(34) + byteArrayOf(0, 0, 2, 0x13, 1, 1, 0) + extensions
    return records(byteArrayOf(1, 0) + short(body.size) + body, 1000)
}
