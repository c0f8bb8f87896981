package dev.kobahn.interop

import java.io.File
import java.util.concurrent.TimeUnit

/**
 * The results of a run against other people's programs, in the form of `lib/docs/interop.md`. Each
 * row is added when its test has passed; the table is in `target/interop.md`.
 */
internal object InteropTable {
    private val rows = sortedSetOf<String>()

    /** Adds a row: [peer] did [deed] with Kobahn in the [role] of client or server. */
    @Synchronized
    fun add(peer: String, role: String, deed: String) {
        rows += "| $peer | $role | $deed |"
        println("interop: $peer, $role: $deed")
        File("target/interop.md").writeText(
            "| peer | Kobahn is the | works |\n| --- | --- | --- |\n" +
                rows.joinToString("\n", postfix = "\n"),
        )
    }

    /** The name of Debian's [packageName] with its version, or the name alone. */
    fun versionOf(packageName: String): String {
        val query = ProcessBuilder("dpkg-query", "-W", "-f", "\${Version}", packageName)
        val version = runCatching {
            val process = query.redirectErrorStream(true).start()
            val text = process.inputStream.bufferedReader().readText()
            process.waitFor(10, TimeUnit.SECONDS)
            text.takeIf { process.exitValue() == 0 }
        }.getOrNull() ?: return packageName
        return packageName + " " +
            version.substringAfter(':').substringBefore('-').substringBefore('+')
    }
}
