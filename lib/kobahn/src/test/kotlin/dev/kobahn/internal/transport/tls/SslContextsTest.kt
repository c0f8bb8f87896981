package dev.kobahn.internal.transport.tls

import dev.kobahn.tls.ReloadableTlsIdentity
import dev.kobahn.tls.TlsIdentity
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import io.kotest.matchers.types.shouldBeSameInstanceAs
import io.kotest.matchers.types.shouldNotBeSameInstanceAs
import java.security.PrivateKey
import java.security.interfaces.ECPrivateKey
import java.util.Collections
import java.util.Enumeration
import javax.net.ssl.SSLSession
import javax.net.ssl.SSLSessionContext

class SslContextsTest :
    FunSpec({
        test("an identity keeps its context, and so its sessions, until it is renewed") {
            var current = Certificates.server
            val source = ReloadableTlsIdentity { current }
            val contexts = SslContexts(source, TrustsNobody, null)
            val first = contexts.context()
            contexts.context() shouldBeSameInstanceAs first
            current = Certificates.client
            source.reload()
            contexts.context() shouldNotBeSameInstanceAs first
        }

        test("a renewed certificate does not keep the loop busy with a copy of its key") {
            val key = Counting(Certificates.server.privateKey)
            var current = Certificates.server
            val source = ReloadableTlsIdentity { current }
            val contexts = SslContexts(source, TrustsNobody, null)
            contexts.context()
            current = TlsIdentity.of(key, Certificates.server.certificates)
            source.reload()
            contexts.context()
            key.copies shouldBe 0
        }

        test("sessions are kept within a limit where the platform has none") {
            for ((size, limited) in listOf(0 to 20_480, 7 to 7)) {
                val sessions = Sessions(size)
                sessions.limit()
                sessions.sessionCacheSize shouldBe limited
            }
        }
    })

/** Counts how often the key itself is asked for. */
private class Counting(private val key: PrivateKey) : ECPrivateKey by key as ECPrivateKey {
    var copies = 0

    override fun getEncoded(): ByteArray {
        copies++
        return key.encoded
    }
}

private class Sessions(private var size: Int) : SSLSessionContext {
    override fun getSession(id: ByteArray): SSLSession? = null

    override fun getIds(): Enumeration<ByteArray> = Collections.emptyEnumeration()

    override fun setSessionTimeout(seconds: Int) = Unit

    override fun getSessionTimeout() = 0

    override fun setSessionCacheSize(size: Int) {
        this.size = size
    }

    override fun getSessionCacheSize() = size
}
