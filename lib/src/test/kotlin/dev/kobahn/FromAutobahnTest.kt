package dev.kobahn

import io.kotest.assertions.withClue
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldBeEmpty
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.collections.shouldNotBeEmpty
import io.kotest.matchers.shouldBe
import java.io.File

/** Holds `docs/from-autobahn.md` to the index of Autobahn's and ws4py's names, and to the code. */
class FromAutobahnTest :
    FunSpec({
        val rows = rowsOf(File("docs/from-autobahn.md").readLines())
        val working = rows.filter { it.state == WORKS }

        test("every item of the index has one row, in its order") {
            rows.map { it.item } shouldContainExactly index()
            rows.groupBy { it.item }.filterValues { it.size > 1 }.keys.shouldBeEmpty()
        }

        test("every row has a state that is known") {
            rows.filterNot { it.state in STATES || REPLACED.matches(it.state) }.shouldBeEmpty()
        }

        test("what works names declarations of the public API") {
            val declarations = Declarations(File("api/kobahn.api").readLines())
            for (row in working) {
                withClue(row) {
                    row.declarations.shouldNotBeEmpty()
                    row.declarations.filterNot { it in declarations }.shouldBeEmpty()
                }
            }
        }

        test("what works names a test that is there, what does not names none") {
            val tests = TestSources(File("src/test"))
            working.filterNot { tests.has(it.spec, it.test) }.shouldBeEmpty()
            rows.filter { it.state != WORKS && it.spec.isNotEmpty() }.shouldBeEmpty()
        }

        test("no test serves more than five rows") {
            val served = working.groupingBy { "${it.spec}: ${it.test}" }.eachCount()
            served.filterValues { it > 5 }.keys.shouldBeEmpty()
        }

        test("what is to come is counted") {
            val counts = rows.groupingBy { it.state.replace(REPLACED, "replaced") }.eachCount()
            println("from Autobahn: " + counts.entries.joinToString { "${it.value} ${it.key}" })
            counts.values.sum() shouldBe index().size
        }

        test("a declaration or a test that is not there is not found") {
            val declarations = Declarations(File("api/kobahn.api").readLines())
            listOf("webSocketServer", "Message.Text.text", "protocol.Role.CLIENT", "WebSocket.ping")
                .filterNot { it in declarations }.shouldBeEmpty()
            listOf("webSocket", "Message.Text.octet", "Role.CLIENT", "WebSocket.pin", "protocol.No")
                .filter { it in declarations }.shouldBeEmpty()
            val tests = TestSources(File("src/test"))
            tests.has("EchoTest", "a clean close tells both sides") shouldBe true
            tests.has("EchoTest", "a clean close") shouldBe false
            tests.has("NoTest", "a clean close tells both sides") shouldBe false
        }
    })

private const val WORKS = "works"
private val STATES = setOf(WORKS, "to come", "comes with compression", "comes with networking")
private val REPLACED = Regex("replaced by .+")
private val CODE = Regex("`([^`]+)`")

private data class Row(
    val item: String,
    val declarations: List<String>,
    val state: String,
    val spec: String,
    val test: String,
)

private fun index(): List<String> =
    checkNotNull(FromAutobahnTest::class.java.getResource("/from-autobahn/index.txt"))
        .readText().lines().filter(String::isNotEmpty)

/** The rows of all tables that have the four columns. */
private fun rowsOf(lines: List<String>): List<Row> {
    val rows = ArrayList<Row>()
    var inTable = false
    for (line in lines) {
        when {
            line == "| item | Kotlin | state | test |" -> inTable = true
            !line.startsWith("|") -> inTable = false
            inTable && !line.startsWith("| ---") -> rows.add(rowOf(line))
        }
    }
    return rows
}

private fun rowOf(line: String): Row {
    val cells = line.removePrefix("|").removeSuffix("|").split('|').map(String::trim)
    check(cells.size == 4) { "a row needs four cells: $line" }
    val declarations = CODE.findAll(cells[1]).map { it.groupValues[1] }.toList()
    val spec = cells[3].substringBefore(": ")
    return Row(cells[0].trim('`'), declarations, cells[2], spec, cells[3].substringAfter(": "))
}

/** The public declarations, as the API dump has them: members by their class, in JVM form. */
private class Declarations(dump: List<String>) {
    private val members = LinkedHashMap<String, MutableSet<String>>()

    init {
        var names = mutableSetOf<String>()
        for (line in dump) {
            CLASS.find(line)?.let { names = members.getOrPut(it.groupValues[1], ::mutableSetOf) }
            MEMBER.find(line)?.let { names.add(it.groupValues[1]) }
        }
    }

    /** Whether [name], relative to the root package, is a class, a member of one, or a function. */
    operator fun contains(name: String): Boolean {
        val parts = name.split('.')
        val path = parts.takeWhile { it.first().isLowerCase() }
        val rest = parts.drop(path.size)
        if (rest.isEmpty()) return hasFunction(path.dropLast(1), path.last())
        val owner = (listOf("dev/kobahn") + path).joinToString("/") + "/"
        return owner + rest.joinToString("$") in members ||
            hasMember(owner + rest.dropLast(1).joinToString("$"), rest.last())
    }

    private fun hasFunction(path: List<String>, name: String): Boolean {
        val owner = (listOf("dev/kobahn") + path).joinToString("/") + "/"
        return members.any { (file, names) ->
            file.endsWith("Kt") && file.substringBeforeLast('/') + "/" == owner && name in names
        }
    }

    private fun hasMember(owner: String, name: String): Boolean {
        val capital = name.replaceFirstChar(Char::uppercaseChar)
        return members[owner].orEmpty().any { it == name || it == "get$capital" }
    }

    private companion object {
        val CLASS = Regex("""^public .*(?:class|interface) (\S+) .*\{$""")

        /** Without the suffix that a value class in the signature adds to the name. */
        val MEMBER = Regex("""^\tpublic .*(?:fun|field) (\w+)(?:-\w+)? """)
    }
}

/** The sources of the tests: a name has to stand in its class as it is. */
private class TestSources(root: File) {
    private val files = root.walk().filter { it.extension in setOf("kt", "java") }
        .associateBy { it.nameWithoutExtension }

    fun has(spec: String, test: String): Boolean {
        val file = files[spec] ?: return false
        return (if (file.extension == "kt") "\"$test\"" else " $test(") in file.readText()
    }
}
