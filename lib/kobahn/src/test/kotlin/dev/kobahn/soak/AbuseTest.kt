package dev.kobahn.soak

import io.kotest.assertions.withClue
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldBeEmpty
import io.kotest.matchers.longs.shouldBeLessThan
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldStartWith
import java.io.BufferedReader
import java.io.File
import java.util.concurrent.ConcurrentHashMap
import java.util.concurrent.ConcurrentLinkedQueue
import java.util.concurrent.Executors
import java.util.concurrent.TimeUnit
import java.util.concurrent.atomic.AtomicInteger
import kotlin.concurrent.thread
import kotlin.random.Random
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.withContext

/** How many seconds the abuse goes on; the profile `soak` asks for ten minutes. */
private val SECONDS = Integer.getInteger("kobahn.soak.abuse", 4)
private val SEED = java.lang.Long.getLong("kobahn.soak.seed", System.nanoTime())
private val ATTACKERS = Integer.getInteger("kobahn.soak.attackers", 16)

/** The kinds of abuse by their names, with commas between them; all unless told otherwise. */
private val KINDS = System.getProperty("kobahn.soak.kinds")?.split(',') ?: Abuses.ALL.keys.toList()
private const val INTERVAL = 10

/** A quiet interval, in seconds, before and after. */
private val QUIET = minOf(INTERVAL, maxOf(1, SECONDS / 4))

/** How long the server has to get back to its base. */
private const val RECOVERY = 30
private const val MEBIBYTE = 1L shl 20

class AbuseTest :
    FunSpec({
        timeout = (SECONDS + 300) * 1000L
        invocationTimeout = timeout

        test("random abuse by many peers leaves healthy echoes alone and nothing behind") {
            withContext(Dispatchers.IO) { AbuseRun().use { it.run() } }
        }
    })

/** The server in its process, the peers in this one. Everything ends with it. */
private class AbuseRun : AutoCloseable {
    private val log = File.createTempFile("abused", ".log")
    private val process = start(log)
    private val answers: BufferedReader = process.inputStream.bufferedReader()
    private val port = answers.readLine().removePrefix("port ").toInt()
    private val timer = Executors.newScheduledThreadPool(2) { task ->
        Thread(task, "abuse timer").apply { isDaemon = true }
    }
    private val findings = ConcurrentLinkedQueue<String>()
    private val sessions = ConcurrentHashMap<String, AtomicInteger>()
    private val refused = AtomicInteger()
    private val count = AtomicInteger()

    @Volatile
    private var isOver = false

    fun run() {
        println("abuse for $SECONDS s by $ATTACKERS peers at a time, seed $SEED")
        HealthyEcho.all(port, timer, loops = 2).forEach { it.close() }
        val base = settled { it.connections == 0L }
        println("before: $base")
        val echoes = HealthyEcho.all(port, timer, loops = 2)
        try {
            measure(echoes)
        } finally {
            isOver = true
            echoes.forEach { it.close() }
        }
        val end = settled { it.isBackAt(base) }
        println("after:  $end")
        println(
            "sessions: " +
                sessions.entries.sortedBy { it.key }.joinToString { "${it.key} ${it.value}" },
        )
        println("refused: $refused; findings: ${findings.size}")
        process.outputStream.close()
        val stopped = answers.readLine()
        println(stopped)
        judge(echoes, base, end, stopped)
    }

    private fun measure(echoes: List<HealthyEcho>) {
        println("   time phase   sessions  " + echoes.joinToString("  ") { it.name.padEnd(27) })
        println(
            " ".repeat(26) + echoes.joinToString("  ") {
                "echoes    p50    p99    max"
            } + "  (ms)",
        )
        interval(echoes, "warm-up", QUIET)
        interval(echoes, "quiet", QUIET)
        val abuses = List(ATTACKERS) { index ->
            Abuses(port, timer, Random(SEED + index), findings::add)
        }
        val attackers = abuses.mapIndexed { index, abuse ->
            thread(isDaemon = true, name = "attacker $index") {
                attack(abuse, Random(SEED - index))
            }
        }
        val full = SECONDS / INTERVAL
        repeat(full) { interval(echoes, "abuse", INTERVAL) }
        if (SECONDS % INTERVAL > 0) interval(echoes, "abuse", SECONDS % INTERVAL)
        isOver = true
        abuses.forEach(Abuses::abort)
        attackers.forEach { it.join(2 * Abuser.LIFE * 1000) }
        echoes.forEach { it.takeTimes() }
        interval(echoes, "quiet", QUIET)
    }

    private fun attack(abuses: Abuses, random: Random) {
        while (!isOver) {
            val name = KINDS.random(random)
            if (!abuses.run(name)) refused.incrementAndGet()
            sessions.computeIfAbsent(name) { AtomicInteger() }.incrementAndGet()
            count.incrementAndGet()
            Thread.sleep(random.nextLong(20))
        }
    }

    private fun interval(echoes: List<HealthyEcho>, phase: String, seconds: Int) {
        Thread.sleep(seconds * 1000L)
        val figures = echoes.joinToString("  ") { echo ->
            val times = echo.takeTimes()
            fun at(share: Double) = "%6.2f".format(
                times.getOrElse((times.size * share).toInt().coerceAtMost(times.size - 1)) { 0L } /
                    1e6,
            )
            "%6d %s %s %s".format(times.size, at(0.5), at(0.99), at(1.0))
        }
        val time = (System.nanoTime() - begin) / 1_000_000_000
        println("%5d s %-8s %8d  %s".format(time, phase, count.getAndSet(0), figures))
    }

    private val begin = System.nanoTime()

    /** The server's counts, once they are as [isWanted] or its time to recover is over. */
    private fun settled(isWanted: (Counts) -> Boolean): Counts {
        val end = System.nanoTime() + TimeUnit.SECONDS.toNanos(RECOVERY.toLong())
        while (true) {
            val counts = counts()
            if (isWanted(counts) || System.nanoTime() > end) return counts
            Thread.sleep(200)
        }
    }

    private fun counts(): Counts {
        process.outputStream.write("counts\n".toByteArray())
        process.outputStream.flush()
        val line = checkNotNull(answers.readLine()) { "the server is gone: ${log.readText()}" }
        return Counts(
            line.split(' ').associate {
                it.substringBefore('=') to
                    it.substringAfter('=').toLong()
            },
        )
    }

    private fun judge(echoes: List<HealthyEcho>, base: Counts, end: Counts, stopped: String?) {
        withClue("seed $SEED, findings") { findings.toList().shouldBeEmpty() }
        echoes.forEach { withClue(it.name) { it.failure shouldBe null } }
        end.values.filterKeys { it != HEAP } shouldBe base.values.filterKeys { it != HEAP }
        end.heap - base.heap shouldBeLessThan 32 * MEBIBYTE
        stopped.orEmpty() shouldStartWith "stopped in "
        process.waitFor(10, TimeUnit.SECONDS) shouldBe true
        withClue("log lines") { log.readLines().filter(::isUnexpected).take(50).shouldBeEmpty() }
    }

    override fun close() {
        isOver = true
        process.destroyForcibly().waitFor()
        timer.shutdownNow()
        log.delete()
    }
}

private const val HEAP = "heap"

private class Counts(val values: Map<String, Long>) {
    val connections get() = values.getValue("connections")
    val heap get() = values.getValue(HEAP)

    fun isBackAt(base: Counts) =
        values.filterKeys { it != HEAP } == base.values.filterKeys { it != HEAP }

    override fun toString() = values.entries.joinToString { (name, value) ->
        if (name == HEAP) "heap ${value / MEBIBYTE} MiB" else "$name $value"
    }
}

/** Whether [line] of the server's log is not about a handler that failed on purpose. */
private fun isUnexpected(line: String): Boolean {
    val isStack = line.startsWith("\tat ") || line.startsWith("\t... ")
    val isOnPurpose = "onConnect failed for" in line || ON_PURPOSE in line
    return line.isNotBlank() && !isStack && !isOnPurpose && " INFO " !in line
}

private fun start(log: File): Process {
    val classPath = System.getProperty("surefire.test.class.path")
        ?: System.getProperty("java.class.path")
    return ProcessBuilder(
        File(System.getProperty("java.home"), "bin/java").path,
        "-Xmx256m",
        "-cp",
        classPath,
        "dev.kobahn.soak.AbusedServerKt",
        "${SECONDS + 240}",
    ).redirectError(log).start()
}
