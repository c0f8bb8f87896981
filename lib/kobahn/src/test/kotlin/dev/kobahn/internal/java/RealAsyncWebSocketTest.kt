package dev.kobahn.internal.java

import dev.kobahn.ConnectionClosedException
import dev.kobahn.RawServer
import dev.kobahn.java.AsyncWebSocketClient
import dev.kobahn.java.WebSocketListener
import dev.kobahn.open
import dev.kobahn.protocol.MessageType
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import java.util.concurrent.TimeUnit
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.future.await
import kotlinx.coroutines.withTimeout

class RealAsyncWebSocketTest :
    FunSpec({
        test("close cuts off an ended message of which the peer takes nothing") {
            val client = AsyncWebSocketClient.Builder()
                .closeHandshakeTimeout(100, TimeUnit.MILLISECONDS)
                .writeTimeout(0, TimeUnit.SECONDS)
                .build()
            RawServer().use { server ->
                val opening = client.connect(server.url, object : WebSocketListener {})
                server.accept().open().use {
                    withTimeout(20.seconds) {
                        val webSocket = opening.await()
                        val writer = webSocket.beginMessage(MessageType.BINARY).await()
                        writer.write(ByteArray(30_000_000))
                        val end = writer.end()
                        webSocket.close().await().wasClean shouldBe false
                        shouldThrow<ConnectionClosedException> { end.await() }
                    }
                }
            }
        }
    })
