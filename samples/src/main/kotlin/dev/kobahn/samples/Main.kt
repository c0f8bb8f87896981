package dev.kobahn.samples

import com.github.ajalt.clikt.core.Context
import com.github.ajalt.clikt.core.CoreCliktCommand
import com.github.ajalt.clikt.core.context
import com.github.ajalt.clikt.core.main
import com.github.ajalt.clikt.core.subcommands
import dev.kobahn.samples.android.AndroidCommand
import dev.kobahn.samples.chat.ChatCommand

/** The root command: every sample is a subcommand of it. */
private class Samples : CoreCliktCommand(name = "kobahn-samples") {
    override val printHelpOnEmptyArgs: Boolean = true

    init {
        // Clikt without its terminal library neither knows stderr nor ends the process by itself
        context {
            echoMessage = { _, message, newline, err ->
                val stream = if (err) System.err else System.out
                if (newline) stream.println(message) else stream.print(message)
            }
            exitProcess = System::exit
        }
    }

    override fun help(context: Context): String =
        "Sample programs for Kobahn, WebSockets for Kotlin."

    override fun run() = Unit
}

fun main(args: Array<String>) {
    Samples()
        .subcommands(
            EchoCommand(),
            ConnectCommand(),
            ChatCommand(),
            AndroidCommand(),
            AutobahnClientCommand(),
        )
        .main(args)
}
