package dev.kobahn.architecture

import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldBeEmpty
import io.kotest.matchers.collections.shouldContainAll
import java.io.File

/** Holds `lib/docs/internals.md` to the sources. */
class InternalApiTest :
    FunSpec({
        val sources = File("..").listFiles().orEmpty().flatMap { sourcesOf(it.resolve("src/main")) }
        val tests = sourcesOf(File("src/test"))
        val users = Regex("""^\|[^|]*\|([^|]*)\|""", RegexOption.MULTILINE)
            .findAll(PAGE.readText())
            .flatMap { NAME.findAll(it.groupValues[1]) }
            .map { it.groupValues[1] }
            .toSet()

        test("each file that opts in to API of kotlinx.coroutines or Ktor is on the page") {
            val optingIn = sources.filter { OPT_IN.containsMatchIn(it.readText()) }
            users shouldContainAll optingIn.map { it.nameWithoutExtension }
        }

        test("each file on the page exists") {
            (users - sources.map { it.nameWithoutExtension }.toSet()).shouldBeEmpty()
        }

        test("each test on the page exists") {
            val named = NAME.findAll(PAGE.readText()).map { it.groupValues[1] }
                .filter { it.endsWith("Test") }.toSet()
            (named - tests.map { it.nameWithoutExtension }.toSet()).shouldBeEmpty()
        }
    })

private val PAGE = File("../docs/internals.md")

private val NAME = Regex("""`(\w+)`""")

private val OPT_IN = Regex("""@OptIn\([^)]*(CoroutinesApi|InternalAPI)::class""")

private fun sourcesOf(root: File): List<File> = root.walk().filter { it.extension == "kt" }.toList()
