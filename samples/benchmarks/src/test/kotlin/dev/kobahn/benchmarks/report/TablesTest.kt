package dev.kobahn.benchmarks.report

import dev.kobahn.benchmarks.run.Measurement
import dev.kobahn.benchmarks.run.Metric
import dev.kobahn.benchmarks.run.PeerResult
import dev.kobahn.benchmarks.run.ScenarioResult
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.string.shouldNotContain

/** What the tables make of measurements. */
class TablesTest :
    FunSpec({
        fun peer(name: String, cpu: Double, p99: Double) = PeerResult(
            name,
            List(3) { Measurement(it, mapOf(Metric.CPU to cpu + it, Metric.P99 to p99)) },
            failure = null,
            note = null,
        )

        fun scenario(vararg peers: PeerResult) =
            ScenarioResult("small", "about, more", "message", peers.toList())

        val failed = PeerResult("gone", emptyList(), "no answer", note = null)

        test("CPU and p99 stand beside their ratios to the reference") {
            val result = scenario(peer("kobahn", 3.0, 100.0), peer("other", 5.0, 150.0), failed)
            val table = Table(result, "kobahn")
            table.header shouldBe
                listOf("peer", "CPU µs", "min–max", "ratio", "p99 µs", "p99 ratio")
            table.rows[1] shouldBe listOf("other", "6.00", "5.00–7.00", "1.50", "150", "1.50")
            table.rows[2].take(2) shouldBe listOf("gone", "failed: no answer")
        }

        test("the summary names the cheapest of the others and the one with the best p99") {
            val result = scenario(
                peer("kobahn", 3.0, 100.0),
                peer("kobahn-default", 1.0, 10.0),
                peer("raw", 1.0, 10.0),
                peer("cheap", 7.0, 400.0),
                peer("prompt", 9.0, 50.0),
            )
            val summary = Summary(listOf(result), "kobahn").markdown()
            summary shouldContain "| small | CPU µs per message | 4.00 | cheap | 8.00 | 0.50 | " +
                "prompt | 50.00 | 2.00 |"
        }

        test("growth is told beyond what raw has to pay as well") {
            val results = mapOf(
                10 to scenario(peer("kobahn", 4.0, 9.0), peer("raw", 3.0, 9.0)),
                1_000 to scenario(peer("kobahn", 7.0, 9.0), peer("raw", 5.0, 9.0), failed),
            )
            val table = GrowthTable(results).markdown()
            table shouldContain "| peer | 10 | 1,000 | growth |"
            table shouldContain "| kobahn | 5.00 | 8.00 | 1.60 |"
            table shouldContain "| kobahn | 1.00 | 2.00 | 1.00 |"
            table shouldContain "gone failed with 1,000 connections: no answer"
        }

        test("without raw there is nothing to be beyond of") {
            val results = mapOf(10 to scenario(peer("kobahn", 4.0, 9.0)))
            GrowthTable(results).markdown() shouldNotContain "beyond"
        }

        test("the chart of growth has a line for each peer") {
            val results = mapOf(
                10 to scenario(peer("kobahn", 4.0, 9.0), failed),
                1_000 to scenario(peer("kobahn", 7.0, 9.0), failed),
            )
            val svg = GrowthChart(Growth.of(results)).svg()
            svg.split("<polyline").size - 1 shouldBe 1
            svg shouldContain "kobahn (8.00)"
        }
    })
