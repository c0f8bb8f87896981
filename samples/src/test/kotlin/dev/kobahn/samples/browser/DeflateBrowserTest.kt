package dev.kobahn.samples.browser

import dev.kobahn.ServerWebSocket
import dev.kobahn.TrafficStats
import dev.kobahn.protocol.extension.ExtensionHeader
import dev.kobahn.protocol.handshake.HttpResponse
import dev.kobahn.use
import dev.kobahn.webSocketServer
import io.kotest.core.spec.style.FunSpec
import io.kotest.core.test.Enabled
import io.kotest.matchers.doubles.shouldBeLessThan
import io.kotest.matchers.nulls.shouldNotBeNull
import io.kotest.matchers.shouldBe
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.withTimeout

/** permessage-deflate as a real browser has it; skipped where there is none. */
class DeflateBrowserTest :
    FunSpec({
        if (Browser.executable == null) println("Skipping DeflateBrowserTest: $NONE")

        test("1000 messages of a browser are compressed both ways and come back as they were")
            .config(
                enabledOrReasonIf = {
                    if (Browser.executable != null) Enabled.enabled else Enabled.disabled(NONE)
                },
            ) {
                val result = CompletableDeferred<Result>()
                webSocketServer {
                    onRequest { if (it.path == "/page") HttpResponse.html(PAGE) else null }
                    perMessageDeflate()
                    onConnect { result.complete(echoUntilResult()) }
                }.use { server ->
                    Browser.use { browser ->
                        browser.open("http://localhost:${server.port}/page")
                        withTimeout(60.seconds) { result.await() }.check()
                    }
                }
            }
    })

private const val NONE = "there is no chromium or google-chrome on the path"

/** What the page said in the end, and what its connection had been like. */
private class Result(
    private val text: String,
    private val extensions: List<ExtensionHeader>,
    private val stats: TrafficStats,
) {
    fun check() {
        text shouldBe "result: 1000 equal, permessage-deflate"
        // Chromium offers client_max_window_bits alone, which nothing has to be answered to
        extensions shouldBe listOf(ExtensionHeader("permessage-deflate"))
        stats.incomingWebSocketMessages shouldBe 1001
        stats.incomingCompressionRatio.shouldNotBeNull() shouldBeLessThan MOST
        stats.outgoingCompressionRatio.shouldNotBeNull() shouldBeLessThan MOST
        println(
            "Chromium: ${stats.incomingBytesAppLevel} bytes as " +
                "${stats.incomingBytesWireLevel}, and back as ${stats.outgoingBytesWireLevel}",
        )
    }

    private companion object {
        const val MOST = 0.5
    }
}

private suspend fun ServerWebSocket.echoUntilResult(): Result {
    for (message in incoming) {
        val text = if (message.size < 100) message.toString() else ""
        if (text.startsWith("result: ")) return Result(text, extensions, statistics.traffic)
        send(message)
    }
    error("the page left without a result")
}

private const val PAGE = """<!doctype html><meta charset="utf-8"><script>
const COUNT = 1000;
const words = ['drei', 'Chinesen', 'mit', 'dem', 'Kontrabaß', 'saßen', 'auf', 'der', '🎻'];
let seed = 1;
const random = (end) => (seed = seed * 48271 % 2147483647) % end;
function text(size) {
  let made = '';
  while (made.length < size) made += words[random(words.length)] + random(100) + ' ';
  return made;
}
function bytes(size) {
  return Uint8Array.from({ length: size }, (_, at) => at % 4 ? at >> 6 & 255 : random(256));
}
function isEqual(one, other) {
  if (typeof one === 'string' || typeof other === 'string') return one === other;
  const echo = new Uint8Array(other);
  return one.length === echo.length && one.every((byte, at) => byte === echo[at]);
}
const sizes = [0, 1, 64, 125, 126, 1000, 4096, 20000, 65535, 65536, 100000];
const sent = Array.from({ length: COUNT }, (_, at) => {
  const size = at < 2 * sizes.length ? sizes[at >> 1] : random(20000);
  return at % 2 ? bytes(size) : text(size);
});
let received = 0, equal = 0;
const ws = new WebSocket('ws://' + location.host);
ws.binaryType = 'arraybuffer';
ws.onopen = () => sent.forEach((message) => ws.send(message));
ws.onmessage = ({ data }) => {
  if (isEqual(sent[received++], data)) equal++;
  if (received === COUNT) ws.send('result: ' + equal + ' equal, ' + ws.extensions);
};
</script>"""
