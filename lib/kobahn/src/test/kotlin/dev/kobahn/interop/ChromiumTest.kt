package dev.kobahn.interop

import dev.kobahn.WebSocketServerOptions
import dev.kobahn.protocol.handshake.HttpResponse
import dev.kobahn.tls.TlsServerOptions
import dev.kobahn.use
import dev.kobahn.webSocketServer
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import java.io.File
import kotlinx.coroutines.CompletableDeferred

/** A page in a browser that trusts the authority of the tests, over `https` and `wss`. */
class ChromiumTest :
    FunSpec({
        for (version in listOf("TLSv1.2", "TLSv1.3")) {
            val name = version.replace("v", " ")
            interop(Peer.CHROMIUM, Role.CLIENT, "page and WebSocket, $name: $EXCHANGE") {
                resultOfPage({ protocols = listOf(version) }) shouldBe
                    "1048576 equal, permessage-deflate, $version, http/1.1"
            }
        }
    })

private const val EXCHANGE = "compressed exchange"

/** Opens the page, and returns its last message with the details of TLS. */
private suspend fun resultOfPage(tls: TlsServerOptions.() -> Unit): String {
    val result = CompletableDeferred<String>()
    val options: WebSocketServerOptions.() -> Unit = {
        host = "127.0.0.1"
        perMessageDeflate()
        tls {
            certificate(PemFiles.server.certificate, PemFiles.server.key)
            tls()
        }
        onRequest { if (it.path == "/page") HttpResponse.html(PAGE) else null }
        onConnect {
            for (message in incoming) {
                val text = if (message.size < 100) "$message" else ""
                if (text.startsWith("result: ")) {
                    val agreed = transportDetails.tls
                    result.complete(
                        text.removePrefix("result: ") +
                            ", ${agreed?.protocol}, ${agreed?.applicationProtocol}",
                    )
                }
                send(message)
            }
        }
    }
    return webSocketServer(configure = options).use { server ->
        val home = tempFolder("chromium")
        try {
            trust(home)
            browser(home, "https://localhost:${server.port}/page").use { result.await() }
        } finally {
            home.deleteRecursively()
        }
    }
}

/** Makes Chromium trust the authority of the tests, by the certificates of its user. */
private fun trust(home: File) {
    val database = File(home, ".pki/nssdb").apply { mkdirs() }
    val certificates = arrayOf<Any>("-d", "sql:$database")
    run("certutil", *certificates, "-N", "--empty-password")
    run("certutil", *certificates, "-A", "-t", "C,,", "-n", "kobahn", "-i", PemFiles.authority)
}

private fun run(vararg command: Any) = Program.start(*command).use {
    check(it.awaitEnd() == 0) { it.errorOutput }
}

private fun browser(home: File, url: String): Program {
    val flags = "--headless=new --no-sandbox --disable-gpu --disable-dev-shm-usage " +
        "--disable-quic --no-first-run --disable-background-networking " +
        "--disable-component-update --disable-sync --remote-debugging-port=0 " +
        "--user-data-dir=$home/profile"
    val name = listOf("chromium", "google-chrome").first { Program.find(it) != null }
    val arguments = flags.split(' ').toTypedArray()
    return Program.start(name, *arguments, url, environment = mapOf("HOME" to home.path))
}

private const val PAGE = """<!doctype html><meta charset="utf-8"><script>
const sizes = [0, 1, 125, 126, 65535, 65536, 1048576];
const sent = sizes.flatMap((size) => ['x'.repeat(size), new Uint8Array(size).fill(size % 251)]);
const isEqual = (one, other) => typeof one === 'string' ? one === other :
  other instanceof ArrayBuffer && other.byteLength === one.length &&
  new Uint8Array(other).every((byte, at) => byte === one[at]);
let received = 0;
const ws = new WebSocket('wss://' + location.host);
ws.binaryType = 'arraybuffer';
ws.onopen = () => ws.send(sent[0]);
ws.onmessage = ({ data }) => {
  if (!isEqual(sent[received], data)) return ws.send('result: message ' + received + ' differs');
  received++;
  if (received < sent.length) return ws.send(sent[received]);
  ws.onmessage = null;
  ws.send('result: ' + sizes.at(-1) + ' equal, ' + ws.extensions);
};
</script>"""
