package dev.kobahn.internal.transport.tls

import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.string.shouldContain
import javax.net.ssl.SSLException

class EmptyRecordsTest :
    FunSpec({
        fun EmptyRecords.ofClient(size: Int) = add(size, isOfServer = false)

        fun EmptyRecords.ofServer(size: Int) = add(size, isOfServer = true)

        fun fails(action: () -> Unit) {
            shouldThrow<SSLException>(action).message shouldContain "without content"
        }

        test("a client may send 64 updates of its key in a row, and no more") {
            val records = EmptyRecords()
            repeat(64) { records.ofClient(KEY_UPDATE) }
            fails { records.ofClient(KEY_UPDATE) }
        }

        test(
            "records without content are weighed by their bytes: one full of updates is too much",
        ) {
            fails { EmptyRecords().ofClient(16_060) }
        }

        test("a byte of content does not pay for an update of a key") {
            val records = EmptyRecords()
            fails {
                repeat(100) {
                    records.ofClient(KEY_UPDATE)
                    records.pay(1, isLegible = false)
                }
            }
        }

        test("content pays for updates by its bytes, in small records and in large ones") {
            val records = EmptyRecords()
            repeat(1000) {
                records.ofClient(KEY_UPDATE)
                records.pay(16_384, isLegible = false)
            }
            repeat(1000) {
                records.ofClient(KEY_UPDATE)
                repeat(2000) { records.pay(2, isLegible = false) }
            }
        }

        test("content that was sent before pays for nothing") {
            val records = EmptyRecords()
            repeat(1000) { records.pay(16_384, isLegible = false) }
            repeat(64) { records.ofClient(KEY_UPDATE) }
            fails { records.ofClient(KEY_UPDATE) }
        }

        test("a server may send ten tickets, each with the certificates of both ends") {
            val records = EmptyRecords()
            repeat(10) { records.ofServer(12_000) }
            fails { repeat(10) { records.ofServer(12_000) } }
        }

        test("up to TLS 1.2 an empty record may stand before each other one") {
            val records = EmptyRecords()
            repeat(1000) {
                records.ofClient(37)
                records.pay(7, isLegible = true)
            }
            fails { repeat(100) { records.ofClient(37) } }
        }
    })

/** The size of a KeyUpdate in its record. */
private const val KEY_UPDATE = 27
