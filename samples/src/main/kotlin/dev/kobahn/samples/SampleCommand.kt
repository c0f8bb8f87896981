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
 * @param about the description in the help: a line that stands alone, then the details
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

    /** Runs the sample. */
    protected abstract suspend fun runSample()

    /** Sets the options of the command line. Call it last, so that they override the others. */
    protected fun T.setFromCommandLine() = setter.setAll(this, assignments)
}
