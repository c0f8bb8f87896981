package dev.kobahn

import java.io.File
import java.time.Instant
import javax.xml.parsers.DocumentBuilderFactory
import org.w3c.dom.Element

/** What the reports of a build say about its tests: one case for each test that was to be run. */
internal class TestReports private constructor(cases: List<Case>) {
    /** What became of a test. */
    enum class Outcome { PASSED, FAILED, SKIPPED, MISSING }

    private class Case(val spec: String, val name: String, val outcome: Outcome)

    private val bySpec = cases.groupBy { it.spec }

    /**
     * What became of all cases of [test], which is the name of a test, without the role or the
     * arguments behind it, or of a context around tests; `$name` in it stands for anything.
     */
    fun outcome(spec: String, test: String): Outcome {
        val name = pattern(test)
        val outcomes = bySpec[spec].orEmpty().filter { name.matches(it.name) }.map { it.outcome }
        return listOf(Outcome.FAILED, Outcome.SKIPPED, Outcome.PASSED)
            .firstOrNull { it in outcomes } ?: Outcome.MISSING
    }

    private fun pattern(test: String): Regex {
        val name = test.split(TEMPLATE).joinToString(".+") { Regex.escape(it) }
        return Regex("(?:.*/)?$name(?:$ROLE|$ARGUMENTS)?(?:/.*)?", RegexOption.DOT_MATCHES_ALL)
    }

    companion object {
        private val TEMPLATE = Regex("""\$\w+|\$\{[^}]*}""")
        private const val ROLE = """ \((?:CLIENT|SERVER)\)"""
        private const val ARGUMENTS = """\([^)]*\)(?:\[\d+])?"""
        private val FAILURES = listOf("failure", "error")

        /** Reads the reports in [directories] that were written at [start] or later. */
        fun read(directories: List<File>, start: Instant): TestReports {
            val files = directories.flatMap { it.listFiles().orEmpty().asList() }
                .filter { it.name.matches(Regex("TEST-.*\\.xml")) }
            val fresh = files.filter { it.lastModified() >= start.toEpochMilli() }
            return TestReports(fresh.flatMap(::casesOf))
        }

        private fun casesOf(report: File): List<Case> {
            val document = DocumentBuilderFactory.newInstance().newDocumentBuilder().parse(report)
            val cases = document.getElementsByTagName("testcase")
            return List(cases.length) { caseOf(cases.item(it) as Element) }
        }

        private fun caseOf(case: Element): Case {
            val spec = case.getAttribute("classname").substringAfterLast('.')
            return Case(spec, case.getAttribute("name"), outcomeOf(case))
        }

        private fun outcomeOf(case: Element): Outcome = when {
            FAILURES.any { case.has(it) } -> Outcome.FAILED
            case.has("skipped") -> Outcome.SKIPPED
            else -> Outcome.PASSED
        }

        private fun Element.has(tag: String) = getElementsByTagName(tag).length > 0
    }
}
