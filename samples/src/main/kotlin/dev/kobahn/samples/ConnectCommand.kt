package dev.kobahn.samples

import com.github.ajalt.clikt.core.CliktError
import com.github.ajalt.clikt.core.ProgramResult
import com.github.ajalt.clikt.core.UsageError
import com.github.ajalt.clikt.parameters.options.convert
import com.github.ajalt.clikt.parameters.options.default
import com.github.ajalt.clikt.parameters.options.flag
import com.github.ajalt.clikt.parameters.options.help
import com.github.ajalt.clikt.parameters.options.multiple
import com.github.ajalt.clikt.parameters.options.option
import com.github.ajalt.clikt.parameters.types.file
import dev.kobahn.HandshakeException
import dev.kobahn.WebSocketClient
import dev.kobahn.WebSocketClientOptions
import dev.kobahn.protocol.CloseCode
import dev.kobahn.protocol.handshake.BasicCredentials
import dev.kobahn.protocol.handshake.WebSocketUrl
import dev.kobahn.proxy.ProxyServer
import dev.kobahn.tls.PemException
import dev.kobahn.tls.TlsClientOptions
import dev.kobahn.webSocketClient
import java.io.IOException
import kotlin.time.Duration
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.coroutineScope

/** `connect`: sends standard input to a server and writes its messages to standard output. */
internal class ConnectCommand(private val console: Console = Console.SYSTEM) :
    SampleCommand<WebSocketClientOptions>("connect", ABOUT, OptionSetter.CLIENT) {
    private val url by webSocketUrl()

    private val binary by option("--binary").flag()
        .help("Standard input is one binary message; what comes back is written as it is.")

    private val subprotocols by option("--protocol", metavar = "name").multiple()
        .help("A subprotocol to offer, in order of preference. May be repeated.")

    private val headers by option("--header", metavar = "Name: value")
        .convert { text -> reported { OptionValue.header(text) } }.multiple()
        .help("A further header field of the request. May be repeated.")

    private val proxy by option("--proxy", metavar = "URL")
        .convert { text -> reported { ProxyServer.parse(text) } }
        .help(
            "A proxy, such as http://proxy:3128 or socks5://user:password@proxy:1080. " +
                "Default: none, whatever the environment says.",
        )

    private val unix by option("--unix", metavar = "PATH")
        .help("The file of a Unix domain socket to connect to, in place of the URL's host.")

    private val wait by option("--wait", metavar = "time")
        .convert { text -> reported { Duration.parse(text) } }.default(1.seconds)
        .help("How long the server has to be silent at the end, 10s or 500ms. Default: 1s.")

    private val location by option("--location").flag()
        .help("Follow redirects, at most $MOST_REDIRECTS. Another server gets no credentials.")

    private val user by option("--user", metavar = "NAME:PASSWORD")
        .convert { text -> reported { credentials(text) } }
        .help("Send this name and password as Basic authentication.")

    private val reconnect by option("--reconnect").flag()
        .help("Connect again when the connection ends for a reason that passes.")

    private val authority by option("--ca", metavar = "FILE").file(mustExist = true)
        .help("Trust the certificates in this file (PEM), and no others.")

    private val certificate by option("--cert", metavar = "FILE").file(mustExist = true)
        .help("The certificate to show to a server that asks for one (PEM). Needs --key.")

    private val key by option("--key", metavar = "FILE").file(mustExist = true)
        .help("The key of --cert (PEM).")

    private val insecure by option("--insecure").flag()
        .help("Accept any certificate: everybody on the way can read and change the traffic.")

    private val messageConsole by lazy { MessageConsole(console, binary) }

    override suspend fun runSample() {
        val client = webSocketClient {
            subprotocols = this@ConnectCommand.subprotocols
            proxy = this@ConnectCommand.proxy
            headers = this@ConnectCommand.headers.fold(headers) { all, field -> all + field }
            if (location) maxRedirects = MOST_REDIRECTS
            user?.let { basicAuth(it.user, it.password) }
            tls { configure() }
            setFromCommandLine()
        }
        if (reconnect) holdLasting(client) else hold(client)
    }

    private fun TlsClientOptions.configure() {
        val certificate = certificate
        val key = key
        if (listOfNotNull(certificate, key).size == 1) {
            throw UsageError("--cert and --key belong together")
        }
        try {
            authority?.let(::trust)
            if (certificate != null && key != null) certificate(certificate, key)
        } catch (failure: PemException) {
            throw CliktError(failure.message)
        }
        dangerouslyTrustAnyCertificate = insecure
    }

    private suspend fun holdLasting(client: WebSocketClient) = coroutineScope {
        val webSocket = client.reconnecting(this, { target() })
        val ended = LastingConversation(webSocket, console, messageConsole, wait).hold()
        console.note(if (ended.cause == null) "closed" else "failed: ${ended.cause?.message}")
        if (ended.cause != null) throw ProgramResult(1)
    }

    private suspend fun hold(client: WebSocketClient) {
        val status = try {
            client.connect(target()) {
                reportCompression(console) {
                    Conversation(this, console, messageConsole, wait).hold()
                }
            }
        } catch (failure: HandshakeException) {
            throw fail("refused: ${failure.message}\n${failure.bodyText.quoted()}".trimEnd())
        } catch (failure: IOException) {
            throw fail("failed: ${failure.message ?: failure}")
        }
        console.note("closed: $status")
        if (!status.wasClean || status.code in COMPLAINTS) throw ProgramResult(1)
    }

    private fun target(): WebSocketUrl {
        val place = WebSocketUrl.parse(url)
        return unix?.let { WebSocketUrl.createUnix(it, place.isSecure, place.path, place.params) }
            ?: place
    }

    private fun fail(message: String): ProgramResult {
        console.note(message)
        return ProgramResult(1)
    }

    private fun credentials(text: String): BasicCredentials {
        require(':' in text) { "NAME:PASSWORD needs a colon" }
        return BasicCredentials(text.substringBefore(':'), text.substringAfter(':'))
    }

    private companion object {
        const val MOST_REDIRECTS = 10

        /** The codes that report an error of this end. 1005 means that there was no code. */
        val COMPLAINTS =
            (CloseCode.PROTOCOL_ERROR..CloseCode.TLS_HANDSHAKE) - CloseCode.NO_STATUS_RCVD

        const val ABOUT = """
            Sends standard input to a server and writes what the server sends to standard output.

            Without --binary every line is a text message, and every message that arrives is
            followed by a line feed; what could command a terminal is escaped on one. At the end of standard input the connection is closed once the
            server has been silent for the time of --wait. How the connection ended goes to standard
            error, and so does the round trip time of every automatic Ping; the exit code is 0 after
            a clean close without an error code, 1 otherwise.

            With --reconnect the client connects again when a connection is lost or the server
            restarts, and the lines that were not sent wait; each change of the state goes to
            standard error.

            With --option perMessageDeflate=true compression is offered; what was agreed on, and what
            it came to, goes to standard error too."""
    }
}
