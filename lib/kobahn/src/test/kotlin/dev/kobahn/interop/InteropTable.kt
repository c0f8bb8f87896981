package dev.kobahn.interop

import java.io.File

/**
 * The table in `lib/docs/interop.md`: one row for each test with a peer. With [isUpdate] the rows of
 * a run replace those of the same peers in [page]; otherwise each row must be in it already. Only
 * another version of a peer may have another result, which is printed. Thread-safe.
 */
internal class InteropTable(private val page: File, private val isUpdate: Boolean) {
    private val renewed = HashSet<Peer>()

    /** A result. [exercised] names the test within the peer and its role. */
    data class Row(
        val peer: Peer,
        val version: String,
        val role: Role,
        val exercised: String,
        val result: String,
    ) {
        override fun toString() =
            "| ${peer.title} | $version | ${role.title} | $exercised | $result |"

        /** Whether [other] is of the same test. */
        fun isOfTestOf(other: Row) =
            peer == other.peer && role == other.role && exercised == other.exercised

        companion object {
            private const val CELLS = 5

            /** The row that [line] is, or null if it is another line. */
            fun parse(line: String): Row? {
                val cells = line.split('|').map(String::trim).drop(1).dropLast(1)
                if (cells.size != CELLS) return null
                val peer = Peer.entries.find { it.title == cells[0] } ?: return null
                val role = Role.entries.find { it.title == cells[2] } ?: return null
                return Row(peer, cells[1], role, cells[3], cells[4])
            }
        }
    }

    /** Adds [row] to the page, or fails if the page has another result. */
    @Synchronized
    fun record(row: Row) {
        val lines = page.readLines()
        val rows = lines.mapNotNull(Row::parse)
        if (isUpdate) {
            val isFirst = renewed.add(row.peer)
            val others = rows.filter { !isFirst || it.peer != row.peer }
            write(lines, others + row)
        } else {
            compare(row, rows.find(row::isOfTestOf))
        }
    }

    private fun compare(row: Row, known: Row?) = when {
        known == row -> Unit

        known == null || known.version == row.version ->
            throw AssertionError("$page has no such row; run with -Dinterop.update=true\n$row")

        known.result != row.result -> println("Another version has another result: $row")

        else -> Unit
    }

    private fun write(lines: List<String>, rows: List<Row>) {
        val begin = lines.indexOfFirst { it.startsWith("|") }
        check(begin >= 0) { "$page has no table" }
        val above = lines.take(begin + HEAD_LINES)
        val below = lines.drop(begin).dropWhile { it.startsWith("|") }
        val sorted = rows.sortedWith(compareBy({ it.peer }, { it.role }))
        page.writeText((above + sorted + below).joinToString("\n", postfix = "\n"))
    }

    companion object {
        private const val HEAD_LINES = 2

        /** The table of this run. */
        val ofThisRun =
            InteropTable(File("../docs/interop.md"), java.lang.Boolean.getBoolean("interop.update"))
    }
}
