package dev.kobahn.samples.autobahn

import io.kotest.assertions.fail
import io.kotest.assertions.withClue
import io.kotest.matchers.collections.shouldBeEmpty
import io.kotest.matchers.collections.shouldNotBeEmpty
import java.io.File
import kotlin.time.Duration.Companion.minutes
import kotlin.time.TimeSource

internal val TIMEOUT = 30.minutes
internal val TARGET = File("target/autobahn").absoluteFile
private val CASES = System.getProperty("autobahn.cases").split(',')
internal val VARIANT = System.getProperty("autobahn.options").orEmpty()
private val IS_UPDATE = System.getProperty("autobahn.update").toBoolean()

/**
 * Runs the suite in one [direction] and compares its verdicts with the expected ones.
 *
 * @param subject the name of the run, if it is one of several in this direction
 */
internal suspend fun judge(
    direction: String,
    subject: String = direction,
    play: suspend (TestSuite) -> Unit,
) {
    val suite = TestSuite(File(TARGET, "jars"), File(TARGET, subject), CASES)
    val start = TimeSource.Monotonic.markNow()
    play(suite)
    val found = suite.verdicts()
    val seconds = start.elapsedNow().inWholeSeconds
    val open = found.groupingBy { it.behavior }.eachCount()
    val closing = found.groupingBy { it.behaviorClose }.eachCount()
    val run = listOf(subject, VARIANT).filter(String::isNotEmpty).joinToString(", ")
    println("Autobahn, $run: ${found.size} cases in $seconds s: $open, closing: $closing")

    found.shouldNotBeEmpty()
    val golden = golden(direction)
    val (expected, rest) = Verdict.readLines(golden.readText())
        .partition { verdict -> CASES.any { matches(verdict.case, it) } }
    val changes = differences(expected, found)
    if (IS_UPDATE) {
        if (changes.isNotEmpty()) golden(direction, VARIANT).writeText(Verdict.lines(rest + found))
    } else if (changes.isNotEmpty()) {
        fail("verdicts changed (-Dautobahn.update=true):\n${changes.joinToString("\n")}")
    }
    withClue("cases that neither passed nor inform, reports in ${TARGET.resolve(subject)}") {
        found.filterNot { it.isPass }.shouldBeEmpty()
    }
}

/** The verdicts expected with these options; without a file of their own, those of the defaults. */
private fun golden(direction: String): File =
    golden(direction, VARIANT).takeIf { it.exists() } ?: golden(direction, "")

private fun golden(direction: String, variant: String): File {
    val name = if (variant.isEmpty()) direction else "$direction-$variant"
    return File(System.getProperty("autobahn.expected"), "expected-$name.txt")
}
