package dev.kobahn

import dev.kobahn.protocol.ConnectionException
import dev.kobahn.protocol.ProtocolException
import dev.kobahn.protocol.Violation
import dev.kobahn.protocol.WebSocketException
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.booleans.shouldBeTrue
import io.kotest.matchers.shouldBe
import io.kotest.matchers.types.shouldBeInstanceOf
import java.io.File
import java.io.IOException

class WebSocketExceptionTest :
    FunSpec({
        test("every public exception but those of misuse and the denial is a WebSocketException") {
            val mine = exceptions().filter { WebSocketException::class.java.isAssignableFrom(it) }
            (exceptions() - mine.toSet()).map { it.simpleName }.toSet() shouldBe
                setOf(
                    "PayloadExceededException",
                    "ConnectionDeniedException",
                    "ExtensionException",
                    "FrameLengthUnknownException",
                    "PemException",
                )
            mine.map { it.simpleName }.toSet() shouldBe setOf(
                "WebSocketException",
                "ProtocolException",
                "ConnectionException",
                "ConnectionClosedException",
                "HandshakeException",
                "NotConnectedException",
                "ProxyException",
                "TlsException",
                "ReadingPausedException",
            )
            mine.all { IOException::class.java.isAssignableFrom(it) }.shouldBeTrue()
        }

        test("one catch takes a broken rule and a connection of no use, and tells them apart") {
            fun kind(thrown: WebSocketException) = when (thrown) {
                is ProtocolException -> "rule ${thrown.closeCode}"
                is ConnectionException -> "connection ${thrown.message}"
            }
            kind(ProtocolException(Violation.MESSAGE_TOO_BIG)) shouldBe "rule 1009"
            kind(HandshakeException("no answer")) shouldBe "connection no answer"
            val cause = IOException("reset")
            HandshakeException("no answer", cause = cause).cause shouldBe cause
        }

        test("a message of ours that is too long is misuse, and no word about the connection") {
            PayloadExceededException(2, 1).shouldBeInstanceOf<IllegalArgumentException>()
        }
    })

/** The public exceptions among the classes of the library. */
private fun exceptions(): List<Class<*>> {
    val root = File("target/classes")
    return root.walk().filter { it.extension == "class" }
        .map { it.relativeTo(root).path.removeSuffix(".class").replace(File.separatorChar, '.') }
        .filterNot { ".internal." in it }
        .map { Class.forName(it, false, WebSocketException::class.java.classLoader) }
        .filter { Throwable::class.java.isAssignableFrom(it) && it.modifiers and 1 == 1 }
        .toList()
}
