package dev.kobahn.samples

import com.github.ajalt.clikt.core.Context
import com.github.ajalt.clikt.core.CoreCliktCommand
import com.github.ajalt.clikt.core.UsageError
import com.github.ajalt.clikt.parameters.options.help
import com.github.ajalt.clikt.parameters.options.multiple
import com.github.ajalt.clikt.parameters.options.option
import dev.kobahn.WebSocketOptions
import kotlinx.coroutines.runBlocking

/**
 * A subcommand, which takes `--option name=value` for every option of the library that [setter]
 * knows and lists them in its help.
 *
 * @param about what it does, for the help: one line that stands alone, then more of them
 */
internal abstract class SampleCommand<T : WebSocketOptions>(
    name: String,
    private val about: String,
    private val setter: OptionSetter<T>,
) : CoreCliktCommand(name) {
    private val assignments by option("--option", metavar = "name=value")
        .multiple()
        .help("Sets an option of the library, see below. May be repeated.")

    override fun help(context: Context): String = about.trimIndent()

    override fun helpEpilog(context: Context): String =
        "What --option can set (an empty value sets what is in [] to none):\n${setter.description}"

    final override fun run() = try {
        runBlocking { runSample() }
    } catch (wrong: UsageError) {
        // so that the usage shown is this command's
        throw wrong.also { it.context = currentContext }
    }

    /** Does what the sample is for. */
    protected abstract suspend fun runSample()

    /** Sets what the command line says; the last thing to be done to the options. */
    protected fun T.setFromCommandLine() = setter.setAll(this, assignments)
}
