package dev.kobahn

import dev.kobahn.TestReports.Outcome
import io.kotest.core.spec.style.FunSpec
import io.kotest.engine.spec.tempdir
import io.kotest.matchers.shouldBe
import java.time.Instant

class TestReportsTest :
    FunSpec({
        val reports = tempdir()
        reports.resolve("TEST-dev.kobahn.SomeTest.xml").writeText(REPORT)
        val start: Instant = Instant.now().minusSeconds(60)
        val read = TestReports.read(listOf(reports), start)

        fun outcome(test: String) = read.outcome("SomeTest", test)

        test("a test that ran without a failure has passed") {
            outcome("it runs") shouldBe Outcome.PASSED
            outcome("it's \"quoted\" & <odd>") shouldBe Outcome.PASSED
        }

        test("a failure, an error and a test that was skipped are not passed") {
            outcome("it fails") shouldBe Outcome.FAILED
            outcome("it throws") shouldBe Outcome.FAILED
            outcome("it is left out") shouldBe Outcome.SKIPPED
        }

        test("what is in no report is missing") {
            outcome("it run") shouldBe Outcome.MISSING
            outcome("t runs") shouldBe Outcome.MISSING
            read.outcome("OtherTest", "it runs") shouldBe Outcome.MISSING
            TestReports.read(
                listOf(reports.resolve("none")),
                start,
            ).outcome("SomeTest", "it runs") shouldBe
                Outcome.MISSING
        }

        test("a report from before the build counts for nothing") {
            val later = TestReports.read(listOf(reports), Instant.now().plusSeconds(60))
            later.outcome("SomeTest", "it runs") shouldBe Outcome.MISSING
        }

        test("a test of both roles has passed when it did for both") {
            outcome("in contexts") shouldBe Outcome.PASSED
            outcome("in one context") shouldBe Outcome.FAILED
            outcome("with suffixes") shouldBe Outcome.PASSED
            outcome("with one suffix") shouldBe Outcome.SKIPPED
        }

        test("a test with arguments, a context and a template stand for all their cases") {
            outcome("withArguments") shouldBe Outcome.FAILED
            outcome("fuzz") shouldBe Outcome.PASSED
            outcome("a context") shouldBe Outcome.PASSED
            outcome("\$what and \${how} is done") shouldBe Outcome.PASSED
            outcome("\$what is never done") shouldBe Outcome.MISSING
        }
    })

private const val REPORT = """<?xml version="1.0" encoding="UTF-8"?>
<testsuite name="dev.kobahn.SomeTest" tests="16">
  <properties><property name="a" value="it is none"/></properties>
  <testcase name="it runs" classname="dev.kobahn.SomeTest" time="0.1"/>
  <testcase name="it&apos;s &quot;quoted&quot; &amp; &lt;odd&gt;" classname="dev.kobahn.SomeTest">
    <system-out>failure</system-out>
  </testcase>
  <testcase name="it fails" classname="dev.kobahn.SomeTest"><failure message="x"/></testcase>
  <testcase name="it throws" classname="dev.kobahn.SomeTest"><error type="E">x</error></testcase>
  <testcase name="it is left out" classname="dev.kobahn.SomeTest"><skipped/></testcase>
  <testcase name="as CLIENT/in contexts" classname="dev.kobahn.SomeTest"/>
  <testcase name="as SERVER/in contexts" classname="dev.kobahn.SomeTest"/>
  <testcase name="as CLIENT/in one context" classname="dev.kobahn.SomeTest"><failure/></testcase>
  <testcase name="as SERVER/in one context" classname="dev.kobahn.SomeTest"/>
  <testcase name="with suffixes (CLIENT)" classname="dev.kobahn.SomeTest"/>
  <testcase name="with suffixes (SERVER)" classname="dev.kobahn.SomeTest"/>
  <testcase name="with one suffix (CLIENT)" classname="dev.kobahn.SomeTest"><skipped/></testcase>
  <testcase name="with one suffix (SERVER)" classname="dev.kobahn.SomeTest"/>
  <testcase name="withArguments()[1]" classname="dev.kobahn.SomeTest"/>
  <testcase name="withArguments()[2]" classname="dev.kobahn.SomeTest"><failure/></testcase>
  <testcase name="fuzz(byte[])[1]" classname="dev.kobahn.SomeTest"/>
  <testcase name="a context/1: one" classname="dev.kobahn.SomeTest"/>
  <testcase name="this and that is done" classname="dev.kobahn.SomeTest"/>
</testsuite>
"""
