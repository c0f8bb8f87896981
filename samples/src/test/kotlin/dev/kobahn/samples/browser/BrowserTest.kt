package dev.kobahn.samples.browser

import dev.kobahn.protocol.handshake.HttpResponse
import dev.kobahn.samples.chat.chat
import dev.kobahn.samples.echo
import dev.kobahn.tls.TlsIdentity
import dev.kobahn.use
import dev.kobahn.webSocketServer
import io.kotest.core.spec.style.FunSpec
import io.kotest.core.test.Enabled
import io.kotest.core.test.TestCase
import io.kotest.matchers.shouldBe
import io.netty.pkitesting.CertificateBuilder

/** The samples in a real browser; skipped where there is none. */
class BrowserTest :
    FunSpec({
        val hasBrowser: (TestCase) -> Enabled = {
            if (Browser.executable != null) Enabled.enabled else Enabled.disabled(NO_BROWSER)
        }
        if (Browser.executable == null) println("Skipping BrowserTest: $NO_BROWSER")

        test("two people chat, each in a browser").config(enabledOrReasonIf = hasBrowser) {
            webSocketServer { chat() }.use { server ->
                twoChat("http://localhost:${server.port}/?room=tea")
            }
        }

        test("two people chat over TLS").config(enabledOrReasonIf = hasBrowser) {
            webSocketServer {
                tls { identity(certificate()) }
                chat()
            }.use { server ->
                twoChat("https://localhost:${server.port}/?room=tea", "--ignore-certificate-errors")
            }
        }

        test("a page comes back when the server does").config(enabledOrReasonIf = hasBrowser) {
            Browser.use { browser ->
                var port = 0
                lateinit var ann: Tab
                webSocketServer { chat() }.use { server ->
                    port = server.port
                    ann = browser.open("http://localhost:$port/").also { it.join("Ann") }
                }
                ann.awaitValue(STATUS, "reconnecting")
                webSocketServer {
                    this.port = port
                    chat()
                }.use {
                    ann.awaitValue(STATUS, "online")
                    ann.say("back again")
                    ann.awaitValue(LAST_TEXT, "back again")
                }
            }
        }

        test("a page talks to the echo server").config(enabledOrReasonIf = hasBrowser) {
            webSocketServer {
                onRequest { if (it.path == "/page") HttpResponse.html(ECHO_PAGE) else null }
                echo()
            }.use { server ->
                Browser.use { browser ->
                    val tab = browser.open("http://localhost:${server.port}/page")
                    tab.awaitValue("document.title", "wörld 🌍 | 0,127,255 | 100000 | clean 1000")
                }
            }
        }
    })

private const val NO_BROWSER = "there is no chromium or google-chrome on the path"
private const val MARKUP = "<img src=x onerror=alert(1)> & hello"
private const val STATUS = "document.getElementById('status').textContent"
private const val LAST_TEXT = "[...document.querySelectorAll('.text')].at(-1)?.textContent"

private suspend fun twoChat(url: String, vararg flags: String) = Browser.use(*flags) { browser ->
    val ann = browser.open(url).also { it.join("Ann") }
    val bob = browser.open(url).also { it.join("Bob") }
    ann.awaitValue("document.getElementById('count').textContent", "2")
    ann.say(MARKUP)
    bob.awaitValue(LAST_TEXT, MARKUP)
    bob.say("hello Ann")
    ann.awaitValue(LAST_TEXT, "hello Ann")
    ann.evaluate("document.querySelectorAll('.text').length") shouldBe "2"
    ann.evaluate("document.querySelectorAll('#log img').length") shouldBe "0"
}

/** A self-signed certificate for localhost. */
private fun certificate(): TlsIdentity {
    val bundle = CertificateBuilder().subject("CN=localhost").addSanDnsName("localhost").ecp256()
        .setIsCertificateAuthority(true).buildSelfSigned()
    return TlsIdentity.of(bundle.keyPair.private, bundle.certificatePathList)
}

private suspend fun Tab.join(name: String) {
    awaitValue("document.getElementById('join')?.open", "true")
    evaluate("document.getElementById('name').value = '$name'")
    evaluate("document.querySelector('#join button').click()")
    awaitValue(STATUS, "online")
}

private suspend fun Tab.say(text: String) {
    evaluate("document.getElementById('say').value = '$text'")
    evaluate("document.getElementById('send').click()")
}

private const val ECHO_PAGE = """<!doctype html><meta charset="utf-8"><script>
const got = [];
const ws = new WebSocket('ws://' + location.host);
ws.binaryType = 'arraybuffer';
ws.onopen = () => {
  ws.send('wörld 🌍');
  ws.send(new Uint8Array([0, 127, 255]));
  ws.send('x'.repeat(100000));
};
ws.onmessage = ({ data }) => {
  got.push(data instanceof ArrayBuffer ? new Uint8Array(data) : data.length > 100 ? data.length : data);
  if (got.length === 3) ws.close(1000);
};
ws.onclose = (event) => {
  got.push((event.wasClean ? 'clean ' : 'unclean ') + event.code);
  document.title = got.join(' | ');
};
</script>"""
