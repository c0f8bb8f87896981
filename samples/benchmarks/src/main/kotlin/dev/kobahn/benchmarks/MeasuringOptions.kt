package dev.kobahn.benchmarks

import com.github.ajalt.clikt.core.UsageError
import com.github.ajalt.clikt.parameters.groups.OptionGroup
import com.github.ajalt.clikt.parameters.options.default
import com.github.ajalt.clikt.parameters.options.help
import com.github.ajalt.clikt.parameters.options.multiple
import com.github.ajalt.clikt.parameters.options.option
import com.github.ajalt.clikt.parameters.options.split
import com.github.ajalt.clikt.parameters.types.double
import com.github.ajalt.clikt.parameters.types.int
import dev.kobahn.benchmarks.run.Pinning
import dev.kobahn.benchmarks.run.RunSettings
import java.io.File

/**
 * What all that measures servers asks for.
 *
 * @param some the peers that are measured if none are named, or null for all
 */
internal class MeasuringOptions(private val some: List<String>?) : OptionGroup() {
    private val peers by option("--peers", metavar = "NAMES").split(",").help(
        "Which peers, separated by commas. Default: " +
            (some?.joinToString(",") ?: "all that are here") + ".",
    )
    private val rounds by option("--rounds").int().default(5).help("Default: 5.")
    private val warmUp by option("--warm-up", metavar = "SECONDS").double().default(5.0)
        .help("How long each peer works before the first round. Default: 5.")
    private val time by option("--time", metavar = "SECONDS").double().default(2.0)
        .help("How long each measurement lasts. Default: 2.")
    private val core by option("--core").int().default(0)
        .help("The core of what is measured. Default: 0.")
    private val loadCore by option("--load-core").int().default(1)
        .help("The core of the load, or of the server that clients are measured with. Default: 1.")
    private val java by option("--java", metavar = "PATH")
        .help("The JVM that peers run in. Default: the one this runs in.")
    private val jvmFlags by option("--jvm-flag", metavar = "FLAG").multiple()
        .help("A further flag for the JVMs of peers. May be repeated.")
    private val given by option("--output", metavar = "DIRECTORY")
        .help("Where tables and chart go. Default: results, beside the jar.")

    val reference by option("--reference", metavar = "PEER").default(Peer.KOBAHN)
        .help("What ratios are to. Default: ${Peer.KOBAHN}.")

    /** Where every round goes, and what the peers complain about. */
    val work: File = besideTheJar().resolve("results")

    /** Where tables and the chart go. */
    val output: File get() = given?.let(::File) ?: work

    /** Pins this process, which is to be the load, and tells [say] if that cannot be done. */
    fun settings(server: String, say: (String) -> Unit): RunSettings {
        val pinned = Pinning.pinThisProcess(loadCore)
        if (!pinned) say("nothing is pinned: taskset or a second core is missing")
        val usual = RunSettings()
        return RunSettings(
            rounds = rounds,
            warmUp = (warmUp * NANOS).toLong(),
            time = (time * NANOS).toLong(),
            core = core,
            loadCore = loadCore,
            isPinned = pinned,
            server = server,
            java = java ?: usual.java,
            jvmFlags = jvmFlags,
            work = work,
        )
    }

    /** The peers that were asked for and are here; [say] is told of the others. */
    fun chosenPeers(say: (String) -> Unit): List<Peer> {
        val names = peers ?: some ?: Peer.ALL.map { it.name }
        return names.map { name ->
            Peer.ALL.firstOrNull { it.name == name } ?: unknown("peer", name)
        }.filter { peer ->
            peer.missing?.let { say("without ${peer.name}: $it") }
            peer.missing == null
        }
    }

    private fun besideTheJar(): File =
        File(javaClass.protectionDomain.codeSource.location.toURI()).parentFile

    private companion object {
        const val NANOS = 1e9
    }
}

internal fun unknown(what: String, name: String): Nothing =
    throw UsageError("no $what is called $name; `list` lists them")
