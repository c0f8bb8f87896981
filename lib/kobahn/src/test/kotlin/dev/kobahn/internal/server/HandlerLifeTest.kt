package dev.kobahn.internal.server

import dev.kobahn.RawPeer
import dev.kobahn.use
import dev.kobahn.webSocketServer
import io.kotest.assertions.nondeterministic.eventually
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldStartWith
import java.io.OutputStream
import java.io.PrintStream
import kotlin.time.Duration.Companion.seconds

/** Runs [block] while whatever is logged fails with an exception. */
private suspend fun withoutLog(block: suspend () -> Unit) {
    val before = System.err
    System.setErr(
        object : PrintStream(OutputStream.nullOutputStream()) {
            override fun println(line: String?) = error("no space left on device")
        },
    )
    try {
        block()
    } finally {
        System.setErr(before)
    }
}

class HandlerLifeTest :
    FunSpec({
        test("a handler that fails has its connection closed though the logger fails too") {
            withoutLog {
                webSocketServer {
                    onConnect {
                        accept()
                        error("the handler is broken")
                    }
                }.use { server ->
                    RawPeer(server.port).use {
                        it.handshake()
                        it.readFrame() shouldBe "close 1011"
                        it.send(RawPeer.CLOSE).readFrame() shouldBe "end"
                    }
                    eventually(10.seconds) { server.connectionCount shouldBe 0 }
                }
            }
        }

        test("an onRequest that fails is answered with 500 though the logger fails too") {
            withoutLog {
                webSocketServer { onRequest { error("no page") } }.use { server ->
                    RawPeer(server.port).use {
                        it.send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
                        it.readHead() shouldStartWith "HTTP/1.1 500 "
                    }
                }
            }
        }
    })
