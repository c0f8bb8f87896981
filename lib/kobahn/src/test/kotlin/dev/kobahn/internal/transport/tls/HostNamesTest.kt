package dev.kobahn.internal.transport.tls

import dev.kobahn.tls.Pem
import dev.kobahn.tls.PemTest
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldBeEmpty
import io.netty.pkitesting.CertificateBuilder
import java.io.File

class HostNamesTest :
    FunSpec({
        fun check(certificate: CertificateBuilder, matched: List<String>, others: List<String>) {
            val leaf = certificate.buildIssuedBy(Certificates.authority).certificate
            matched.filterNot(leaf::isFor).shouldBeEmpty()
            others.filter(leaf::isFor).shouldBeEmpty()
        }

        fun builder() = Certificates.builder("CN=common.example")

        test("a name matches itself, without regard to case, and nothing above or below it") {
            check(
                builder().addSanDnsName("A.example"),
                listOf("a.example", "A.EXAMPLE"),
                listOf("b.example", "example", "x.a.example", "a.example.org", "a.exampl", ""),
            )
        }

        test("a wildcard stands for the first label alone (RFC 9525 section 6.3)") {
            val file = File(PemTest::class.java.getResource("ec.crt")!!.toURI())
            val wildcard = Pem.of(file).certificates().first()
            val matched = listOf("ec.example", "x.ec.example", "X-Y.EC.example")
            val others =
                listOf("x.y.ec.example", ".ec.example", "xec.example", "*.ec.example", "x.")
            matched.filterNot(wildcard::isFor).shouldBeEmpty()
            others.filter(wildcard::isFor).shouldBeEmpty()
        }

        test("an address matches an address only, in every form of its text") {
            check(
                builder().addSanIpAddress("192.0.2.7").addSanIpAddress("2001:db8::7"),
                listOf("192.0.2.7", "2001:db8::7", "2001:DB8:0::0:7"),
                listOf("192.0.2.8", "2001:db8::8", "a.example"),
            )
            check(builder().addSanDnsName("192.0.2.7"), emptyList(), listOf("192.0.2.7"))
        }

        test("the common name does not count (RFC 9525 section 2)") {
            check(builder(), emptyList(), listOf("common.example"))
            check(builder().addSanIpAddress("192.0.2.7"), emptyList(), listOf("common.example"))
        }
    })
