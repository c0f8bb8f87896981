package dev.kobahn

import java.io.File

/** The tables of `lib/docs/from-autobahn.md`, and what they have to say. */
internal object FromAutobahnTable {
    /** The state of a row whose test shows its effect. */
    const val WORKS = "works"

    private const val COLUMNS = "| item | Kotlin | state | test |"
    private val CODE = Regex("`([^`]+)`")

    /** The rows of all tables that have the four columns. */
    val rows: List<Row> by lazy { rowsOf(File("../docs/from-autobahn.md").readLines()) }

    /** The rows of what works. */
    val working: List<Row> get() = rows.filter { it.state == WORKS }

    /** Every item there has to be a row for, in order. */
    val index: List<String> by lazy { lines("index.txt") }

    /** The items that change what stands on the wire: their tests have to look at bytes. */
    val wireItems: List<String> by lazy { lines("wire.txt") }

    private fun lines(name: String): List<String> =
        checkNotNull(FromAutobahnTable::class.java.getResource("/from-autobahn/$name"))
            .readText().lines().filter(String::isNotEmpty)

    private fun rowsOf(lines: List<String>): List<Row> {
        val rows = ArrayList<Row>()
        var inTable = false
        for (line in lines) {
            when {
                line == COLUMNS -> inTable = true
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

    /** One item, what it became, and the [test] of the class [spec] that shows it. */
    data class Row(
        val item: String,
        val declarations: List<String>,
        val state: String,
        val spec: String,
        val test: String,
    )
}
