package dev.kobahn

import io.kotest.assertions.withClue
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldBeEmpty
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.collections.shouldNotBeEmpty
import io.kotest.matchers.shouldBe
import java.io.File

/** Holds `lib/docs/from-autobahn.md` to the index of Autobahn's and ws4py's names, and to the code. */
class FromAutobahnTest :
    FunSpec({
        val rows = FromAutobahnTable.rows
        val working = FromAutobahnTable.working

        test("every item of the index has one row, in its order") {
            rows.map { it.item } shouldContainExactly FromAutobahnTable.index
            rows.groupBy { it.item }.filterValues { it.size > 1 }.keys.shouldBeEmpty()
        }

        test("every row has a state that is known") {
            rows.filterNot { it.state in STATES || REPLACED.matches(it.state) }.shouldBeEmpty()
        }

        test("what works names declarations of the public API") {
            val declarations = Declarations.ofAllModules()
            for (row in working) {
                withClue(row) {
                    row.declarations.shouldNotBeEmpty()
                    row.declarations.filterNot { it in declarations }.shouldBeEmpty()
                }
            }
        }

        test("what works names a test that is there, what does not names none") {
            val tests = TestSources(File(".."))
            working.filterNot { tests.has(it.spec, it.test) }.shouldBeEmpty()
            rows.filter {
                it.state != FromAutobahnTable.WORKS && it.spec.isNotEmpty()
            }.shouldBeEmpty()
        }

        // That it does look at the bytes in question only reading it can tell.
        test("what acts on the wire names a test of a class that looks at bytes") {
            val sources = TestSources(File(".."))
            val items = FromAutobahnTable.wireItems
            items.filterNot { it in FromAutobahnTable.index }.shouldBeEmpty()
            working.filter { it.item in items && !sources.readsBytes(it.spec) }.shouldBeEmpty()
        }

        test("no test serves more than five rows") {
            val served = working.groupingBy { "${it.spec}: ${it.test}" }.eachCount()
            served.filterValues { it > 5 }.keys.shouldBeEmpty()
        }

        test("what is to come is counted") {
            val counts = rows.groupingBy { it.state.replace(REPLACED, "replaced") }.eachCount()
            println("from Autobahn: " + counts.entries.joinToString { "${it.value} ${it.key}" })
            counts.values.sum() shouldBe FromAutobahnTable.index.size
        }

        test("a declaration or a test that is not there is not found") {
            val declarations = Declarations.ofAllModules()
            listOf("webSocketServer", "Message.Text.text", "protocol.Role.CLIENT", "WebSocket.ping")
                .filterNot { it in declarations }.shouldBeEmpty()
            listOf("webSocket", "Message.Text.byte", "Role.CLIENT", "WebSocket.pin", "protocol.No")
                .filter { it in declarations }.shouldBeEmpty()
            val tests = TestSources(File(".."))
            tests.has("EchoTest", "a clean close tells both sides") shouldBe true
            tests.has("EchoTest", "a clean close") shouldBe false
            tests.has("NoTest", "a clean close tells both sides") shouldBe false
            tests.readsBytes("OptionEffectTest") shouldBe true
            tests.readsBytes("AsyncWebSocketTest") shouldBe false
        }
    })

private val STATES = setOf(FromAutobahnTable.WORKS)
private val REPLACED = Regex("replaced by .+")

/** The sources of the tests: a name has to stand in its class as it is. */
private class TestSources(root: File) {
    private val files = root.walk().onEnter { it.name != "target" }.filter {
        it.extension in
            setOf("kt", "java")
    }
        .associateBy { it.nameWithoutExtension }

    fun has(spec: String, test: String): Boolean {
        val file = files[spec] ?: return false
        return (if (file.extension == "kt") "\"$test\"" else " $test(") in file.readText()
    }

    /** Whether a class has to do with bytes: with a peer that speaks them, or with their digits. */
    fun readsBytes(spec: String): Boolean = files[spec]?.let { BYTES in it.readText() } ?: false

    private companion object {
        val BYTES = Regex(
            "RawPeer|FramePeer|ConnectionRig|WireFrame|bothRoles|ProtocolEnd|ProtocolPair" +
                "|[hH]ex\\(|ServerHandshake\\(|HTTP/1\\.1",
        )
    }
}
