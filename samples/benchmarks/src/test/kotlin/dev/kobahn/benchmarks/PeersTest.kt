package dev.kobahn.benchmarks

import dev.kobahn.benchmarks.run.Metric
import dev.kobahn.benchmarks.run.PeerResult
import dev.kobahn.benchmarks.run.RunSettings
import dev.kobahn.benchmarks.run.Runner
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.doubles.shouldBeGreaterThan
import io.kotest.matchers.nulls.shouldNotBeNull
import io.kotest.matchers.shouldBe
import java.io.File
import kotlin.time.Duration.Companion.minutes

/** Every peer that runs in a JVM does what the scenarios ask of it, in a small way. */
class PeersTest :
    FunSpec({
        val small = Scenario.Echo("small", "", 4, 1, Payload.ascii(32))
        val scenarios = listOf(
            small,
            Scenario.Loops("loops", "", 2, small),
            Scenario.Rounds("rounds", "", 20, 4, Payload.ascii(32)),
            Scenario.Echo("pipelined", "", 2, 16, Payload.ascii(32)),
            Scenario.Echo("large", "", 2, 1, Payload.binary(65_536)),
            Scenario.Echo("utf8", "", 2, 1, Payload.nonAscii(4_096)),
            Scenario.Echo("json-deflate", "", 2, 1, Payload.json(1_024), compressed = true),
            Scenario.Handshake("handshake", "", 2),
            Scenario.Broadcast("broadcast", "", 5, Payload.ascii(128)),
            Scenario.Idle("idle", "", 20),
            Scenario.Echo("tls", "", 2, 4, Payload.ascii(32), tls = true),
            Scenario.Echo("tls-large", "", 2, 1, Payload.binary(65_536), tls = true),
            Scenario.Handshake("tls-handshake", "", 2, tls = true),
            Scenario.Handshake("tls-resumed", "", 2, tls = true, resumed = true),
            Scenario.Idle("tls-idle", "", 20, tls = true),
            Scenario.Client("client", "", 2, 4, 32),
        )
        val settings = RunSettings(
            rounds = 1,
            warmUp = 200_000_000,
            time = 300_000_000,
            isPinned = false,
            work = File("target/test-results"),
        )
        for (peer in Peer.ALL.filterIsInstance<Peer.Jvm>()) {
            for (scenario in scenarios) {
                if (!peer.canDo(scenario)) continue
                test("${peer.name} does ${scenario.name}").config(timeout = 2.minutes) {
                    val result = Runner(settings) { }.run(scenario, listOf(peer)).peers.single()
                    // two threads of Java-WebSocket race for the interest in writing
                    if (peer.name == "java-websocket" && result.isStuck) return@config
                    result.failure shouldBe null
                    result.median(Metric.STUCK) shouldBe null
                    if (scenario !is Scenario.Idle) {
                        result.median(Metric.RATE).shouldNotBeNull() shouldBeGreaterThan 1.0
                    }
                }
            }
        }
    })

/** Whether an answer was waited for in vain; what came was right. */
private val PeerResult.isStuck: Boolean
    get() = median(Metric.STUCK) != null || failure.orEmpty().startsWith("no end of")
