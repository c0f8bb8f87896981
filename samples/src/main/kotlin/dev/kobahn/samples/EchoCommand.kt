package dev.kobahn.samples

import dev.kobahn.WebSocketServerOptions

/** `echo`: sends every message back, or, on `/broadcast`, to all connections there. */
internal class EchoCommand(private val console: Console = Console.SYSTEM) :
    ServerCommand("echo", ABOUT, console) {
    override fun WebSocketServerOptions.configure() = echo(console)

    private companion object {
        const val ABOUT = """
            Sends every message back; those to /broadcast go to all connections there.

            With --option perMessageDeflate=true messages are compressed for clients that can do so;
            what was agreed on, and what it came to, goes to standard error.

            Pages of other hosts are let in with --option allowedOrigins=*.

            A connection to /broadcast that takes its messages too slowly is closed with 1008. Ctrl-C
            closes all connections with 1001 and ends the server."""
    }
}

/** Configures an echo server with an additional path `/broadcast`. */
internal fun WebSocketServerOptions.echo(
    console: Console = Console.SYSTEM,
    broadcast: Broadcast = Broadcast(),
) {
    route("/broadcast") { onConnect { broadcast.serve(this) } }
    onConnect {
        accept()
        reportCompression(console) { for (message in incoming) send(message) }
    }
}
