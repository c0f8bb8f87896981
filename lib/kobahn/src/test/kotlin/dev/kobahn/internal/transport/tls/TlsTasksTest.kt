package dev.kobahn.internal.transport.tls

import dev.kobahn.internal.connection.MemoryTransport
import dev.kobahn.internal.transport.EventLoopGroup
import dev.kobahn.tls.jdkSocket
import dev.kobahn.tls.tlsServer
import io.kotest.core.spec.style.FunSpec
import java.util.concurrent.CountDownLatch
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.launch

class TlsTasksTest :
    FunSpec({
        timeout = 20_000

        test("handshakes go on while lookups of names block all threads of Dispatchers.IO") {
            val lease = EventLoopGroup("tasks", 1).acquire()
            val (client, server) = MemoryTransport.pair(lease.next())
            val clientTls = Certificates.clientTls()
            val serverTls = Certificates.serverTls()
            val goOn = CountDownLatch(1)
            coroutineScope {
                val threads = maxOf(64, Runtime.getRuntime().availableProcessors())
                val blocking = CountDownLatch(threads)
                repeat(threads) {
                    launch(Dispatchers.IO) {
                        blocking.countDown()
                        goOn.await()
                    }
                }
                blocking.await()
                try {
                    secure(client, server, clientTls, serverTls)
                } finally {
                    goOn.countDown()
                }
            }
            client.close()
            server.close()
            lease.release()
        }

        test("a server's handshakes go on while trust managers of clients wait for the network") {
            val goOn = CountDownLatch(1)
            coroutineScope {
                val threads = maxOf(4, Runtime.getRuntime().availableProcessors())
                val blocking = CountDownLatch(threads)
                repeat(threads) {
                    launch(clientTlsTasks) {
                        blocking.countDown()
                        goOn.await()
                    }
                }
                blocking.await()
                try {
                    tlsServer { server -> jdkSocket(server.port).use { it.startHandshake() } }
                } finally {
                    goOn.countDown()
                }
            }
        }
    })
