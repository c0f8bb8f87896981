package dev.kobahn.samples.autobahn

import io.kotest.assertions.fail
import io.kotest.assertions.nondeterministic.eventually
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldBeEmpty
import io.kotest.matchers.collections.shouldNotBeEmpty
import java.io.File
import java.net.InetAddress
import java.net.Socket
import kotlin.time.Duration.Companion.minutes
import kotlin.time.TimeSource

/**
 * The Autobahn test suite against the samples, both directions. Run by the profile `autobahn` alone;
 * `-Dautobahn.update=true` writes the expectations anew, `-Dautobahn.cases=6.*,7.1.1` runs a part,
 * and `-Dautobahn.options=failByDrop=true,autoFragmentSize=7` sets options of our server and client.
 */
class AutobahnTest :
    FunSpec({
        test("the echo server behaves as expected in every case of the fuzzing client") {
            judge("server") { suite ->
                val port = freePort()
                sample("echo", "--port", "$port", *OPTIONS).use { server ->
                    awaitListening(port, server)
                    suite.fuzzingClient("ws://127.0.0.1:$port").use { it.await(TIMEOUT) }
                }
            }
        }

        test("the client behaves as expected in every case of the fuzzing server") {
            judge("client") { suite ->
                val port = freePort()
                val url = "ws://127.0.0.1:$port"
                suite.fuzzingServer(url).use { server ->
                    awaitListening(port, server)
                    sample("autobahn-client", url, TestSuite.AGENT, *OPTIONS)
                        .use { it.await(TIMEOUT) }
                }
            }
        }
    })

private val TIMEOUT = 30.minutes
private val TARGET = File("target/autobahn").absoluteFile
private val CASES = System.getProperty("autobahn.cases").split(',')
private val VARIANT = System.getProperty("autobahn.options").orEmpty()
private val OPTIONS = VARIANT.split(',').filter(String::isNotEmpty)
    .flatMap { listOf("--option", it) }.toTypedArray()
private val IS_UPDATE = System.getProperty("autobahn.update").toBoolean()

/** Runs the suite in one [direction] and compares its verdicts with the expected ones. */
private suspend fun judge(direction: String, play: suspend (TestSuite) -> Unit) {
    val suite = TestSuite(File(TARGET, "jars"), File(TARGET, direction), CASES)
    val start = TimeSource.Monotonic.markNow()
    play(suite)
    val found = suite.verdicts()
    val seconds = start.elapsedNow().inWholeSeconds
    val open = found.groupingBy { it.behavior }.eachCount()
    val closing = found.groupingBy { it.behaviorClose }.eachCount()
    val run = listOf(direction, VARIANT).filter(String::isNotEmpty).joinToString(", ")
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
    withClue("cases that neither passed nor inform, reports in ${TARGET.resolve(direction)}") {
        found.filterNot { it.isPass }.shouldBeEmpty()
    }
}

/** What is expected of these options; without a file of their own, what is of the defaults. */
private fun golden(direction: String): File =
    golden(direction, VARIANT).takeIf { it.exists() } ?: golden(direction, "")

private fun golden(direction: String, variant: String): File {
    val name = if (variant.isEmpty()) direction else "$direction-$variant"
    return File(System.getProperty("autobahn.expected"), "expected-$name.txt")
}

private fun sample(vararg arguments: String): ChildProcess = ChildProcess.java(
    log = File(TARGET, "${arguments.first()}.log"),
    arguments = listOf("-cp", System.getProperty("java.class.path")) +
        listOf("dev.kobahn.samples.MainKt") + arguments,
)

private suspend fun awaitListening(port: Int, server: ChildProcess) = eventually(1.minutes) {
    if (!server.isAlive) fail("the server ended\n${server.tail()}")
    Socket(InetAddress.getLoopbackAddress(), port).close()
}
