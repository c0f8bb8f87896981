package dev.kobahn.samples.browser

import dev.kobahn.ClientWebSocket
import dev.kobahn.webSocketClient
import java.io.File
import java.nio.file.Files
import java.util.concurrent.ConcurrentHashMap
import java.util.concurrent.atomic.AtomicInteger
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.launch
import kotlinx.coroutines.withContext
import kotlinx.serialization.json.Json
import kotlinx.serialization.json.JsonObject
import kotlinx.serialization.json.JsonObjectBuilder
import kotlinx.serialization.json.buildJsonObject
import kotlinx.serialization.json.int
import kotlinx.serialization.json.jsonObject
import kotlinx.serialization.json.jsonPrimitive
import kotlinx.serialization.json.put

/**
 * A headless Chromium, driven over its DevTools protocol, which is JSON over a WebSocket: our own
 * client does that.
 */
internal class Browser private constructor(private val webSocket: ClientWebSocket) {
    private val ids = AtomicInteger()
    private val calls = ConcurrentHashMap<Int, CompletableDeferred<JsonObject>>()

    /** Opens [url] in a tab with storage of its own, as another browser would have. */
    suspend fun open(url: String): Tab {
        val context = call("Target.createBrowserContext").text("browserContextId")
        val target = call("Target.createTarget") {
            put("url", url)
            put("browserContextId", context)
        }.text("targetId")
        val session = call("Target.attachToTarget") {
            put("targetId", target)
            put("flatten", true)
        }.text("sessionId")
        return Tab(this, session)
    }

    /** Calls [method] in the tab of [session] or in the browser itself, and returns its result. */
    suspend fun call(
        method: String,
        session: String? = null,
        parameters: JsonObjectBuilder.() -> Unit = {},
    ): JsonObject {
        val id = ids.incrementAndGet()
        val reply = CompletableDeferred<JsonObject>()
        calls[id] = reply
        val request = buildJsonObject {
            put("id", id)
            put("method", method)
            put("params", buildJsonObject(parameters))
            if (session != null) put("sessionId", session)
        }
        webSocket.send(request.toString())
        val answer = reply.await()
        return checkNotNull(answer["result"]) { "$method: $answer" }.jsonObject
    }

    private suspend fun receiveReplies() {
        for (message in webSocket.incoming) {
            val reply = Json.parseToJsonElement(message.toString()).jsonObject
            // events have no id
            val id = reply["id"]?.jsonPrimitive?.int ?: continue
            calls.remove(id)?.complete(reply)
        }
    }

    companion object {
        private val NAMES =
            listOf("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
        private val LISTENING = Regex("DevTools listening on (ws://\\S+)")

        /** The browser on the path, or null. */
        val executable: File? = System.getenv("PATH").orEmpty().split(File.pathSeparatorChar)
            .flatMap { folder -> NAMES.map { File(folder, it) } }
            .firstOrNull { it.canExecute() }

        /** Runs [test] with a browser that is started for it, with more [flags]. */
        suspend fun use(vararg flags: String, test: suspend (Browser) -> Unit) {
            val profile = Files.createTempDirectory("kobahn-browser").toFile()
            val process = start(profile, flags)
            try {
                drive(devToolsUrl(process), test)
            } finally {
                process.descendants().forEach { it.destroyForcibly() }
                process.destroyForcibly().waitFor()
                profile.deleteRecursively()
            }
        }

        private suspend fun drive(url: String, test: suspend (Browser) -> Unit) =
            webSocketClient().connect(url) {
                val browser = Browser(this)
                coroutineScope {
                    val receiving = launch { browser.receiveReplies() }
                    test(browser)
                    receiving.cancelAndJoin()
                }
            }

        private fun start(profile: File, more: Array<out String>): Process {
            val flags = "--headless=new --no-sandbox --disable-gpu --disable-dev-shm-usage " +
                "--disable-quic --no-first-run --disable-background-networking " +
                "--disable-component-update --disable-sync " +
                "--remote-debugging-port=0 --user-data-dir=$profile about:blank"
            return ProcessBuilder(listOf("$executable") + more + flags.split(' '))
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start()
        }

        private suspend fun devToolsUrl(process: Process): String = withContext(Dispatchers.IO) {
            val errors = process.errorStream.bufferedReader()
            val url = generateSequence(errors::readLine)
                .firstNotNullOf { LISTENING.find(it)?.groupValues?.get(1) }
            // nobody must be held up who writes more
            Thread { errors.forEachLine { } }.apply { isDaemon = true }.start()
            url
        }

        private fun JsonObject.text(name: String) = getValue(name).jsonPrimitive.content
    }
}
