package dev.kobahn.samples.autobahn

import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldBeEmpty
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.shouldBe

class VerdictTest :
    FunSpec({
        test("a report is read in the order of its cases") {
            val report =
                """{"Kobahn": {
                "1.10.1": {"behavior": "FAILED", "behaviorClose": "OK", "duration": 3},
                "1.2.8": {"duration": 1, "behaviorClose": "INFORMATIONAL", "behavior": "OK",
                  "remoteCloseCode": null}}}"""
            Verdict.readReport(report) shouldContainExactly listOf(
                Verdict("1.2.8", "OK", "INFORMATIONAL"),
                Verdict("1.10.1", "FAILED", "OK"),
            )
        }

        test("expectations are one case a line") {
            val verdicts = listOf(Verdict("1.1.9", "OK", "OK"), Verdict("1.1.10", "OK", "UNCLEAN"))
            Verdict.lines(verdicts.reversed()) shouldBe "1.1.9 OK OK\n1.1.10 OK UNCLEAN\n"
            Verdict.readLines("1.1.9 OK OK\n1.1.10 OK UNCLEAN\n") shouldBe verdicts
        }

        test("only OK and INFORMATIONAL pass, open and closing") {
            Verdict("1", "OK", "INFORMATIONAL").isPass shouldBe true
            Verdict("1", "NON-STRICT", "OK").isPass shouldBe false
            Verdict("1", "OK", "UNCLEAN").isPass shouldBe false
        }

        test("a changed, a missing and a new case are differences") {
            val expected = listOf("1.1 OK OK", "1.2 OK OK", "1.3 OK OK").joinToString("\n")
            val found = listOf("1.1 OK OK", "1.2 FAILED OK", "1.10 OK OK").joinToString("\n")
            differences(Verdict.readLines(expected), Verdict.readLines(found)) shouldContainExactly
                listOf("-1.2 OK OK", "+1.2 FAILED OK", "-1.3 OK OK", "+1.10 OK OK")
        }

        test("equal verdicts make no difference") {
            val verdicts = Verdict.readLines("1.1 OK OK\n1.2 OK OK\n")
            differences(verdicts, verdicts.reversed()).shouldBeEmpty()
        }

        test("a pattern means one case or all that begin like it") {
            matches("1.1.1", "1.*") shouldBe true
            matches("10.1.1", "1.*") shouldBe false
            matches("10.1.1", "10.1.1") shouldBe true
        }
    })
