package dev.kobahn.samples.android

import com.github.ajalt.clikt.core.Context
import com.github.ajalt.clikt.core.CoreCliktCommand
import dev.kobahn.samples.Console
import dev.kobahn.samples.webSocketUrl
import kotlinx.coroutines.runBlocking

/** `android`: a connection as an Android app holds it, with standard input as the device. */
internal class AndroidCommand(private val console: Console = Console.SYSTEM) :
    CoreCliktCommand("android") {
    private val url by webSocketUrl()

    override fun help(context: Context): String = """
        Holds a connection as an Android app does, and prints what its screen would show.

        Standard input is the device: `network wifi`, `network mobile` and `network none` switch the
        network, `hide` and `show` the app. All other lines are sent.
    """.trimIndent()

    override fun run() = runBlocking { runFeed(url, console) }
}
