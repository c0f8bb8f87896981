package dev.kobahn.samples.autobahn

import java.io.File

/**
 * The Autobahn test suite in a process of its own: its Python, as the jars in [jars] bundle it, run
 * by Jython. Reports go below [reports].
 */
internal class TestSuite(
    private val jars: File,
    private val reports: File,
    private val cases: List<String>,
) {
    /** Runs the cases against the server at [url] and ends. */
    fun fuzzingClient(url: String): ChildProcess =
        start("fuzzingclient", """"servers": [{"agent": "$AGENT", "url": "$url"}]""")

    /** Offers the cases to clients that connect to [url], until it is closed. */
    fun fuzzingServer(url: String): ChildProcess =
        start("fuzzingserver", """"url": "$url", "webport": 0""")

    /** The verdicts of the run that ended last. */
    fun verdicts(): List<Verdict> = Verdict.readReport(File(reports, "index.json").readText())

    private fun start(mode: String, target: String): ChildProcess {
        reports.deleteRecursively()
        reports.mkdirs()
        val spec = File(reports, "spec.json").apply { writeText(spec(target)) }
        val run = "from autobahntestsuite import wstest; wstest.run()"
        return ChildProcess.java(
            log = File(reports, "$mode.log"),
            // Its Python makes much garbage: the collector decides whether it keeps its own time limits.
            arguments = listOf("-Xmx2g", "-XX:+UseParallelGC", "-Dpython.path=__pyclasspath__") +
                listOf("-Dpython.cachedir.skip=true", "-cp", File(jars, "*").path) +
                listOf("org.python.util.jython", "-c", run, "-m", mode, "-s", spec.path),
        )
    }

    private fun spec(target: String): String {
        val patterns = cases.joinToString { "\"$it\"" }
        return """{"outdir": "${reports.path}", "options": {"failByDrop": false}, $target,
            "cases": [$patterns], "exclude-cases": [], "exclude-agent-cases": {}}"""
    }

    companion object {
        /** The name that the reports know us by. */
        const val AGENT: String = "Kobahn"
    }
}
