package dev.kobahn.soak

import dev.kobahn.use
import dev.kobahn.webSocketServer
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.runInterruptible

/** A server in a JVM of its own: sends every message back piece by piece, until its input ends. */
fun main(): Unit = runBlocking {
    val server = webSocketServer {
        onConnect {
            for (message in incomingStreams) {
                sendMessage(message.type) { while (true) write(message.read() ?: break) }
            }
        }
    }
    server.use {
        println("port ${it.port}")
        runInterruptible(Dispatchers.IO) { System.`in`.readBytes() }
    }
}
