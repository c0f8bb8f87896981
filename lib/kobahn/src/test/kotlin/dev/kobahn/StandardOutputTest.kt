package dev.kobahn

import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import java.io.File
import java.util.concurrent.TimeUnit

/** Standard output is the application's: nothing that is logged brings a line of its own there. */
class StandardOutputTest :
    FunSpec({
        test("a program that has the library log writes nothing to standard output") {
            val run = logsInItsOwnProcess { true }
            run.errors shouldContain "onConnect failed"
            run.errors shouldContain "dev.kobahn.wire"
            run.output shouldBe ""
        }

        test("nor does one without a provider of SLF4J") {
            val run = logsInItsOwnProcess { "slf4j-simple" !in it }
            run.errors shouldContain "No SLF4J providers were found"
            run.output shouldBe ""
        }
    })

private class Run(val output: String, val errors: String)

/** Runs [LogsSomething] in a JVM with those parts of the class path that [isWanted] takes. */
private fun logsInItsOwnProcess(isWanted: (String) -> Boolean): Run {
    val classPath = System.getProperty("surefire.test.class.path")
        ?: System.getProperty("java.class.path")
    val kept = classPath.split(File.pathSeparator).filter(isWanted).joinToString(File.pathSeparator)
    val output = File.createTempFile("output", null)
    val errors = File.createTempFile("errors", null)
    try {
        val process = ProcessBuilder(
            File(System.getProperty("java.home"), "bin/java").path,
            "-cp",
            kept,
            LogsSomething::class.java.name,
        ).redirectOutput(output).redirectError(errors).start()
        val hasEnded = process.waitFor(1, TimeUnit.MINUTES)
        if (!hasEnded) process.destroyForcibly()
        hasEnded shouldBe true
        process.exitValue() shouldBe 0
        return Run(output.readText(), errors.readText())
    } finally {
        output.delete()
        errors.delete()
    }
}
