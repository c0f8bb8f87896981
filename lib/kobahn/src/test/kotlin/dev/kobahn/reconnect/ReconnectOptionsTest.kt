package dev.kobahn.reconnect

import dev.kobahn.CloseStatus
import dev.kobahn.ConnectionClosedException
import dev.kobahn.HandshakeException
import dev.kobahn.WebSocketClientOptions
import dev.kobahn.protocol.CloseFrame
import dev.kobahn.protocol.ProtocolException
import dev.kobahn.protocol.Violation
import dev.kobahn.proxy.ProxyException
import dev.kobahn.proxy.ProxyServer
import dev.kobahn.tls.TlsException
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import java.io.IOException
import java.net.UnknownHostException
import kotlin.time.Duration.Companion.seconds

private fun closed(code: Int?, cause: Throwable? = null) = ConnectionClosedException(
    CloseStatus(
        local = null,
        remote = code?.let { CloseFrame(it, "") },
        initiator = CloseStatus.Initiator.REMOTE,
        wasClean = code != null,
        cause = cause,
    ),
)

class ReconnectOptionsTest :
    FunSpec({
        test("I/O errors pass, and so does a handshake without an answer") {
            Healing.isPossible(IOException()) shouldBe true
            Healing.isPossible(UnknownHostException()) shouldBe true
            Healing.isPossible(HandshakeException("no answer")) shouldBe true
        }

        test("six statuses pass") {
            (100..599).filter { Healing.isPossible(HandshakeException("", it)) } shouldBe
                listOf(408, 429, 500, 502, 503, 504)
        }

        test("four close codes pass, one of them for a missing Close") {
            (1000..4999).filter { Healing.isPossible(it) } shouldBe listOf(1001, 1006, 1012, 1013)
            Healing.isPossible(closed(null)) shouldBe true
            Healing.isPossible(closed(1012)) shouldBe true
            Healing.isPossible(closed(1008)) shouldBe false
        }

        test("a rule that the peer broke stays, if this end dropped the connection for it") {
            val violation = ProtocolException(Violation.SERVER_FRAME_MASKED)
            Healing.isPossible(closed(null, violation)) shouldBe false
            Healing.isPossible(closed(null, IOException())) shouldBe true
        }

        test("a failure of TLS stays, unless the server ended the transport") {
            TlsException.Reason.entries.filter { Healing.isPossible(TlsException("", it)) } shouldBe
                listOf(TlsException.Reason.ENDED)
        }

        test("a failure of TLS with a proxy stays as one with a server does") {
            val proxy = ProxyServer.https("proxy", 3128)
            TlsException.Reason.entries.filter {
                Healing.isPossible(ProxyException("", proxy, cause = TlsException("", it)))
            } shouldBe listOf(TlsException.Reason.ENDED)
            Healing.isPossible(ProxyException("", proxy, cause = IOException())) shouldBe true
        }

        test("the status of a proxy's refusal decides, even if TLS broke behind it") {
            val proxy = ProxyServer.https("proxy", 3128)
            val broken = TlsException("", TlsException.Reason.OTHER)
            Healing.isPossible(ProxyException("", proxy, 503, cause = broken)) shouldBe true
            Healing.isPossible(ProxyException("", proxy, 407, cause = broken)) shouldBe false
        }

        test("exceptions of the program stay") {
            Healing.isPossible(IllegalStateException()) shouldBe false
            Healing.isPossible(OutOfMemoryError()) shouldBe false
        }

        test("the block sets the options, and a value out of range is refused") {
            val options = WebSocketClientOptions()
            options.reconnect {
                backoff = exponential(initial = 2.seconds, max = 2.seconds, jitter = 0.0)
                maxAttempts = 3
                resetAfter = 4.seconds
                maxRetryAfter = 5.seconds
                unsent = Unsent.FAIL
                maxUnsentSize = 6
                retryIf { canHeal(it) || it is IllegalStateException }
            }
            options.reconnectBackoff.delay(1) shouldBe 2.seconds
            options.reconnectMaxAttempts shouldBe 3
            options.reconnectResetAfter shouldBe 4.seconds
            options.reconnectMaxRetryAfter shouldBe 5.seconds
            options.reconnectUnsent shouldBe Unsent.FAIL
            options.reconnectMaxUnsentSize shouldBe 6
            options.reconnectIf!!(IllegalStateException()) shouldBe true
            options.reconnectIf!!(IllegalArgumentException()) shouldBe false
            shouldThrow<IllegalArgumentException> { options.reconnect { maxAttempts = -1 } }
                .message!! shouldContain "-1"
            shouldThrow<IllegalArgumentException> { options.reconnect { maxUnsentSize = 0 } }
        }

        test("the options cannot change once a client has them") {
            val options = WebSocketClientOptions()
            options.freeze()
            shouldThrow<IllegalStateException> { options.reconnect { maxAttempts = 1 } }
            shouldThrow<IllegalStateException> { options.reconnect { retryIf { true } } }
        }
    })
