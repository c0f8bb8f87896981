package dev.kobahn.interop

import java.io.File
import java.io.IOException
import okhttp3.OkHttp
import tlschannel.TlsChannel

/** Programs and libraries of other people, by the [title] that the table of results has for them. */
internal enum class Peer(val title: String, private val ask: () -> String?) {
    OPENSSL("OpenSSL", { said("openssl", "version") }),
    PYTHON_WEBSOCKETS("python3-websockets", { python("websockets") }),
    PYTHON_WEBSOCKET("python3-websocket", { python("websocket") }),
    NODE_WS("node ws", { npm("ws") }),
    WSCAT("wscat", { npm("wscat") }),
    JDK("JDK java.net.http", { System.getProperty("java.version") }),
    OKHTTP("OkHttp", { OkHttp.VERSION }),
    TLS_CHANNEL("tls-channel", { jar(TlsChannel::class.java) }),
    OTHER_JDK("Kobahn on another JDK", { OtherJdk.newest?.version }),
    CHROMIUM("Chromium", { said("chromium", "--version") ?: said("google-chrome", "--version") }),
    NGINX("nginx", { said("nginx", "-v") }),
    HAPROXY("HAProxy", { said("haproxy", "-v") }),
    CADDY("Caddy", { said("caddy", "version") }),
    SQUID("Squid", { said("squid", "-v") }),
    TINYPROXY("tinyproxy", { said("tinyproxy", "-v") }),
    DANTE("Dante", { said("danted", "-v") }),
    MICROSOCKS("microsocks", { debian("microsocks") }),
    ;

    /** The version that is installed here, or null if there is none. */
    val version: String? by lazy(ask)
}

/** The folder of the npm packages of the tests, see `src/test/interop/install.sh`. */
internal val npmModules = File("target/interop/node_modules").absoluteFile

/** The system's Python: another one on the PATH would not see Debian's packages. */
internal const val PYTHON = "/usr/bin/python3"

private val VERSION = Regex("""\d+(\.\d+)+[a-z]?""")

/** The first version number in the output of [command], or null if it fails. */
private fun said(vararg command: String): String? {
    val program = Program.find(command.first()) ?: return null
    return try {
        val process = ProcessBuilder(listOf(program.path) + command.drop(1))
            .redirectErrorStream(true).start()
        process.outputStream.close()
        val output = process.inputStream.bufferedReader().readText()
        if (process.waitFor() == 0) VERSION.find(output)?.value else null
    } catch (_: IOException) {
        // There is no such program for this machine.
        null
    }
}

private fun python(module: String): String? =
    said(PYTHON, "-c", "import $module; print($module.__version__)")

private fun debian(name: String): String? = said("dpkg-query", "-W", "-f", "\${Version}", name)

private fun npm(name: String): String? {
    val description = File(npmModules, "$name/package.json")
    if (!description.exists() || Program.find("node") == null) return null
    return Regex("\"version\": *\"([^\"]+)\"").find(description.readText())?.groupValues?.get(1)
}

/** The version in the name of the jar that has [type]. */
private fun jar(type: Class<*>): String? =
    VERSION.find(File(type.protectionDomain.codeSource.location.path).name)?.value
