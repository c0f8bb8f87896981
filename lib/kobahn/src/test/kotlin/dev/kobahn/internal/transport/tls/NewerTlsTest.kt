package dev.kobahn.internal.transport.tls

import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.nulls.shouldBeNull
import io.kotest.matchers.shouldBe
import javax.net.ssl.SSLContext
import javax.net.ssl.SSLEngineResult.HandshakeStatus

class NewerTlsTest :
    FunSpec({
        test("an engine without ALPN has no protocol, and so has one that agreed on none") {
            // It throws UnsupportedOperationException, as engines of old providers do.
            NewerTls.applicationProtocol(
                ScriptedEngine(HandshakeStatus.NOT_HANDSHAKING),
            ).shouldBeNull()
            NewerTls.applicationProtocol(SSLContext.getDefault().createSSLEngine()).shouldBeNull()
        }

        test("the protocols of ALPN are set where the platform has them") {
            val parameters = SSLContext.getDefault().createSSLEngine().sslParameters
            NewerTls.setApplicationProtocols(parameters, listOf("http/1.1"))
            parameters.applicationProtocols.toList() shouldBe listOf("http/1.1")
        }

        test("a session without secrets has no exporter") {
            val session = SSLContext.getDefault().createSSLEngine().session
            NewerTls.hasExporter shouldBe (Runtime.version().feature() >= 25)
            runCatching {
                NewerTls.exportKeyingMaterial(session, "label", 32)
            }.getOrNull().shouldBeNull()
        }
    })
