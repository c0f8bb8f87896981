package dev.kobahn.samples.autobahn

import java.util.Arrays

/**
 * What the suite says about one test case: [behavior] while the connection was open,
 * [behaviorClose] about the closing handshake. As text it is one line: `1.1.1 OK OK`.
 */
internal data class Verdict(val case: String, val behavior: String, val behaviorClose: String) {
    val isPass: Boolean get() = behavior in PASSING && behaviorClose in PASSING

    private val numbers: IntArray
        get() = case.split('.').map(String::toInt).toIntArray()

    override fun toString(): String = "$case $behavior $behaviorClose"

    companion object {
        private val PASSING = setOf("OK", "INFORMATIONAL")

        /** Number by number: 1.2.8 before 1.10.1. */
        private val caseOrder = Comparator<Verdict> { a, b -> Arrays.compare(a.numbers, b.numbers) }
        private val entry = Regex("\"(\\d+(?:\\.\\d+)+)\"\\s*:\\s*\\{([^}]*)\\}")

        /** The verdicts in the suite's `index.json`, in the order of the cases. */
        fun readReport(json: String): List<Verdict> = entry.findAll(json).map { match ->
            val (case, fields) = match.destructured
            Verdict(case, field(fields, "behavior"), field(fields, "behaviorClose"))
        }.sortedWith(caseOrder).toList()

        /** The verdicts in a file of expectations: one per line, empty lines are skipped. */
        fun readLines(text: String): List<Verdict> =
            text.lines().filter { it.isNotBlank() }.map { line ->
                val (case, behavior, behaviorClose) = line.split(' ')
                Verdict(case, behavior, behaviorClose)
            }

        /** What [readLines] reads, in the order of the cases. */
        fun lines(verdicts: List<Verdict>): String =
            verdicts.sortedWith(caseOrder).joinToString("") { "$it\n" }

        private fun field(fields: String, name: String): String =
            Regex("\"$name\"\\s*:\\s*\"([^\"]*)\"").find(fields)?.groupValues?.get(1)
                ?: error("no $name in $fields")
    }
}

/** The difference as lines that begin with - (expected) or + (found); empty if there is none. */
internal fun differences(expected: List<Verdict>, found: List<Verdict>): List<String> {
    val lost = (expected - found).associateBy { it.case }
    val new = (found - expected).associateBy { it.case }
    return (lost.keys + new.keys)
        .flatMap { listOfNotNull(lost[it]?.let { v -> "-$v" }, new[it]?.let { v -> "+$v" }) }
}

/** Whether [case] is meant by [pattern]: a case name, or a beginning of one before `*`. */
internal fun matches(case: String, pattern: String): Boolean =
    if (pattern.endsWith('*')) case.startsWith(pattern.dropLast(1)) else case == pattern
