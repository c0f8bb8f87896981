package dev.kobahn

import dev.kobahn.TestReports.Outcome
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldBeEmpty
import io.kotest.matchers.collections.shouldContainExactly
import java.io.File
import java.time.Instant

/**
 * Holds `lib/docs/from-autobahn.md` to what this build has run. `./mvnw verify` runs it in the
 * last module, when the tests of all modules have written their reports; see
 * `lib/kobahn-codecs/pom.xml`.
 */
class FromAutobahnReportTest :
    FunSpec({
        val reports =
            TestReports.read(File("..").reports(), Instant.parse(given("buildStart")))

        test("every item of the index has one row, in its order") {
            FromAutobahnTable.rows.map { it.item } shouldContainExactly FromAutobahnTable.index
        }

        test("what works names declarations of the public API") {
            val declarations = Declarations.ofAllModules()
            FromAutobahnTable.working
                .filterNot { row ->
                    row.declarations.isNotEmpty() && row.declarations.all { it in declarations }
                }
                .shouldBeEmpty()
        }

        test("what works names a test that ran and passed in this build") {
            FromAutobahnTable.working.map { it to reports.outcome(it.spec, it.test) }
                .filter { (_, outcome) -> outcome != Outcome.PASSED }
                .map { (row, outcome) -> "${row.item}: ${row.spec}: ${row.test} is $outcome" }
                .shouldBeEmpty()
        }
    })

/** The reports of all modules in this directory. */
private fun File.reports() = listFiles().orEmpty().map { it.resolve("target/surefire-reports") }

private fun given(name: String): String = checkNotNull(System.getProperty("fromAutobahn.$name")) {
    "fromAutobahn.$name is not set: ./mvnw verify runs this after the other tests"
}
