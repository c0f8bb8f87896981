package dev.kobahn.benchmarks

import com.github.ajalt.clikt.core.Context
import com.github.ajalt.clikt.core.CoreCliktCommand
import com.github.ajalt.clikt.core.context
import com.github.ajalt.clikt.core.main
import com.github.ajalt.clikt.core.subcommands
import com.github.ajalt.clikt.parameters.arguments.argument
import com.github.ajalt.clikt.parameters.arguments.multiple
import java.util.Locale

/** The root command. */
private class Benchmarks : CoreCliktCommand(name = "benchmarks") {
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

    override fun help(context: Context): String = "What Kobahn and others cost."

    override fun run() = Unit
}

/** `list`: the peers and scenarios that run on this machine. */
private class ListCommand : CoreCliktCommand("list") {
    override fun help(context: Context): String = "Lists peers and scenarios."

    override fun run() {
        echo("peers")
        Peer.ALL.forEach { peer ->
            val state = peer.missing?.let { "not here: $it" } ?: peer.version
            echo("  %-16s %s (%s)".format(peer.name, peer.about, state))
        }
        echo("scenarios")
        Scenario.ALL.forEach { echo("  %-16s %s".format(it.name, it.about)) }
    }
}

/** `jmh`: the benchmarks of single parts. */
private class JmhCommand : CoreCliktCommand("jmh") {
    override val treatUnknownOptionsAsArgs = true
    private val arguments by argument("arguments").multiple()

    override fun help(context: Context): String =
        "Runs the JMH benchmarks; takes JMH's arguments, -h behind -- lists them."

    override fun run() = org.openjdk.jmh.Main.main(arguments.toTypedArray())
}

fun main(args: Array<String>) {
    // numbers in tables and charts are written alike everywhere
    Locale.setDefault(Locale.ROOT)
    Benchmarks().subcommands(ListCommand(), RunCommand(), ScalingCommand(), JmhCommand()).main(args)
}
