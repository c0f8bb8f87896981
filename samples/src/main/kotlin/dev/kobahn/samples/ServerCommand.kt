package dev.kobahn.samples

import com.github.ajalt.clikt.core.CliktError
import com.github.ajalt.clikt.core.UsageError
import com.github.ajalt.clikt.parameters.options.default
import com.github.ajalt.clikt.parameters.options.flag
import com.github.ajalt.clikt.parameters.options.help
import com.github.ajalt.clikt.parameters.options.option
import com.github.ajalt.clikt.parameters.options.pair
import com.github.ajalt.clikt.parameters.types.file
import com.github.ajalt.clikt.parameters.types.int
import com.github.ajalt.clikt.parameters.types.restrictTo
import dev.kobahn.WebSocketServer
import dev.kobahn.WebSocketServerOptions
import dev.kobahn.protocol.handshake.WebSocketUrl
import dev.kobahn.tls.PemException
import dev.kobahn.tls.TlsIdentity
import dev.kobahn.webSocketServer
import java.io.IOException
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.runBlocking

/**
 * A subcommand that is a server: it says `listening on` and its URL when it accepts connections, and
 * runs until the process is told to end, when it closes them.
 */
internal abstract class ServerCommand(name: String, about: String, private val console: Console) :
    SampleCommand<WebSocketServerOptions>(name, about, OptionSetter.SERVER) {
    private val port by option("--port", metavar = "PORT")
        .int().restrictTo(0..MAX_PORT).default(USUAL_PORT)
        .help("The port to listen at, 0 for any free one. Default: $USUAL_PORT.")

    private val host by option("--host", metavar = "HOST").default("localhost")
        .help("The name or address to listen at, 0.0.0.0 for all of IPv4. Default: localhost.")

    private val unix by option("--unix", metavar = "PATH")
        .help("The file of a Unix domain socket to listen at, in place of a port. Needs Java 16.")

    private val tls by option("--tls", metavar = "CERT KEY").file(mustExist = true).pair()
        .help("Speak wss, with the certificate chain and the key in these files (PEM).")

    private val selfSigned by option("--self-signed").flag()
        .help("Speak wss, with a new certificate that clients have to trust by --ca or --insecure.")

    /** Configures the server. Options of the command line are set afterwards. */
    protected abstract fun WebSocketServerOptions.configure()

    final override suspend fun runSample() {
        var address = host
        val identity = identity()
        val server = webSocketServer {
            if (identity != null) tls { identity(identity) }
            val path = unix
            if (path == null) {
                host = this@ServerCommand.host
                port = this@ServerCommand.port
            } else {
                listenUnix(path)
            }
            configure()
            setFromCommandLine()
            address = host
        }
        try {
            server.start()
        } catch (failure: IOException) {
            val place = unix ?: "$address:$port"
            throw CliktError("cannot listen at $place: ${failure.message}", failure)
        }
        stopAtExit(server)
        console.line("listening on " + url(server, address, isSecure = identity != null))
        server.join()
    }

    private fun identity(): TlsIdentity? {
        if (selfSigned) {
            if (tls != null) throw UsageError("--tls and --self-signed exclude each other")
            return SelfSigned.make(host).also {
                console.note("clients can trust this server by --ca ${SelfSigned.save(it)}")
            }
        }
        val (chain, key) = tls ?: return null
        try {
            return TlsIdentity.fromPem(chain, key)
        } catch (failure: PemException) {
            throw CliktError(failure.message)
        }
    }

    /** Ctrl-C and SIGTERM end the process by way of its shutdown hooks. */
    private fun stopAtExit(server: WebSocketServer) {
        val hook = Thread { runBlocking { server.stop(deadline = STOP_DEADLINE) } }
        Runtime.getRuntime().addShutdownHook(hook)
    }

    private fun url(server: WebSocketServer, address: String, isSecure: Boolean): String {
        val scheme = if (isSecure) "wss" else "ws"
        return unix?.let { WebSocketUrl.createUnix(it, isSecure).toString() }
            ?: "$scheme://${bracketed(address)}:${server.port}"
    }

    private fun bracketed(address: String) = if (':' in address) "[$address]" else address

    private companion object {
        const val USUAL_PORT = 9000
        const val MAX_PORT = 65535
        val STOP_DEADLINE = 3.seconds
    }
}
