package dev.kobahn.samples

import com.github.ajalt.clikt.core.CliktError
import com.github.ajalt.clikt.parameters.arguments.argument
import com.github.ajalt.clikt.parameters.arguments.help
import com.github.ajalt.clikt.parameters.options.flag
import com.github.ajalt.clikt.parameters.options.help
import com.github.ajalt.clikt.parameters.options.option
import dev.kobahn.WebSocketClient
import dev.kobahn.WebSocketClientOptions
import dev.kobahn.webSocketClient
import java.io.IOException
import java.net.URLEncoder
import kotlin.time.Duration.Companion.seconds

/** `autobahn-client`: the client that the fuzzing server of the Autobahn test suite wants. */
internal class AutobahnClientCommand(private val console: Console = Console.SYSTEM) :
    SampleCommand<WebSocketClientOptions>("autobahn-client", ABOUT, OptionSetter.CLIENT) {
    private val url by webSocketUrl()
    private val agent by argument("AGENT").help("The name of the client in the report.")
    private val insecure by option("--insecure").flag()
        .help("Trust any certificate of the server.")

    override suspend fun runSample() {
        val client = webSocketClient {
            maxMessagePayloadSize = LARGEST_MESSAGE
            openHandshakeTimeout = PATIENCE
            tls { dangerouslyTrustAnyCertificate = insecure }
            setFromCommandLine()
        }
        val count = reachable {
            client.connect(at("getCaseCount")) { incoming.receive().toString().toInt() }
        }
        for (case in 1..count) {
            runCase(client, case)
            if (case % PROGRESS_STEP == 0 || case == count) console.line("$case of $count cases")
        }
        reachable { client.connect(at("updateReports")) { for (ignored in incoming) continue } }
    }

    /** Many cases end uncleanly as they should; the server judges that, and the run goes on. */
    private suspend fun runCase(client: WebSocketClient, case: Int) = try {
        client.connect(at("runCase", "case" to case.toString())) {
            for (message in incoming) send(message)
        }
    } catch (_: IOException) {
        // in the report
    }

    private suspend fun <T> reachable(call: suspend () -> T): T = try {
        call()
    } catch (failure: IOException) {
        throw CliktError("the fuzzing server fails: ${failure.message}", failure)
    }

    /** One of the server's addresses; each takes the agent's name. */
    private fun at(page: String, vararg parameters: Pair<String, String>): String {
        val query = (parameters.toList() + ("agent" to agent))
            .joinToString("&") { (name, value) -> "$name=${URLEncoder.encode(value, "UTF-8")}" }
        return "${url.trimEnd('/')}/$page?$query"
    }

    private companion object {
        const val ABOUT = """
            Echoes every case of a fuzzing server of the Autobahn test suite.

            At the end it has the server write its report. The exit code says nothing about the
            verdicts, which are in the report; it is 1 if the server cannot be reached."""
        const val LARGEST_MESSAGE = 32L * 1024 * 1024
        const val PROGRESS_STEP = 25
        val PATIENCE = 60.seconds
    }
}
