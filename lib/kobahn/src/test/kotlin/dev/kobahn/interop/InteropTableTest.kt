package dev.kobahn.interop

import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.string.shouldContain
import java.io.File

class InteropTableTest :
    FunSpec({
        lateinit var page: File
        beforeTest {
            page = File.createTempFile("interop", ".md", workFolder())
            page.writeText("# Title\n\n$HEAD$SQUID\n$NGINX\n\nThe end.\n")
        }
        afterTest { page.delete() }

        test("a known result passes, and an unknown one fails with its row") {
            val table = InteropTable(page, isUpdate = false)
            table.record(row(Peer.SQUID, "a tunnel"))
            shouldThrow<AssertionError> { table.record(row(Peer.SQUID, "another")) }
                .message shouldContain "| Squid | 1.0 | proxy of our client | another | OK |"
        }

        test("another result fails, but not of another version") {
            val table = InteropTable(page, isUpdate = false)
            val other = row(Peer.SQUID, "a tunnel").copy(result = "refused")
            shouldThrow<AssertionError> { table.record(other) }
            table.record(other.copy(version = "2.0"))
        }

        test("an update replaces the rows of the peers that ran, in the order of the peers") {
            val table = InteropTable(page, isUpdate = true)
            for (exercised in listOf("second", "first")) table.record(row(Peer.SQUID, exercised))
            table.record(row(Peer.OPENSSL, "a handshake"))
            page.readLines().filter {
                it.startsWith("|")
            }.drop(2).map { it.split(" | ")[3] } shouldContainExactly
                listOf("a handshake", "a page", "second", "first")
            page.readText() shouldContain "# Title\n\n$HEAD"
            page.readText() shouldContain "|\n\nThe end.\n"
        }
    })

private const val HEAD =
    "| peer | version | role | exercised | result |\n| --- | --- | --- | --- | --- |\n"
private const val SQUID = "| Squid | 1.0 | proxy of our client | a tunnel | OK |"
private const val NGINX = "| nginx | 1.0 | proxy of our client | a page | OK |"

private fun row(peer: Peer, exercised: String) =
    InteropTable.Row(peer, "1.0", Role.FORWARD_PROXY, exercised, "OK")
