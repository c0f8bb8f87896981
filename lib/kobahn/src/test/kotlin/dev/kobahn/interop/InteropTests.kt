package dev.kobahn.interop

import io.kotest.core.spec.style.FunSpec
import io.kotest.engine.TestAbortedException
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.withTimeout

/** The result of a test with a peer, for the table. */
internal class Result {
    /** Says how it went, if that is more than that everything came as it should. */
    var text: String = "OK"
}

/**
 * Declares a test with [peer] in its [role]. What it [exercised] becomes a row of the table in
 * `lib/docs/interop.md` once [test] has passed. Where the peer is not installed, the test is
 * skipped and says so.
 */
internal fun FunSpec.interop(
    peer: Peer,
    role: Role,
    exercised: String,
    test: suspend Result.() -> Unit,
) {
    test("${peer.title}, ${role.title}: $exercised") {
        val version = peer.version
        if (version == null) {
            println("Skipped: ${peer.title} is not installed, see src/test/interop")
            throw TestAbortedException("${peer.title} is not installed")
        }
        val result = Result()
        withTimeout(PATIENCE) { result.test() }
        InteropTable.ofThisRun.record(
            InteropTable.Row(peer, version, role, exercised, result.text),
        )
    }
}

private val PATIENCE = 60.seconds
