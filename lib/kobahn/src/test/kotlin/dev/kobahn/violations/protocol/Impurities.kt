package dev.kobahn.violations.protocol

import dev.kobahn.violations.autobahn.KnowsServer
import java.io.File
import java.net.Socket
import kotlinx.coroutines.yield

internal class Suspends {
    suspend fun wait() = yield()
}

internal class OpensSocket(val socket: Socket)

internal class KnowsStoreRoom(val room: KnowsServer)

internal class WritesFile(val file: File)

internal class ReadsClock {
    fun now(): Long = System.nanoTime()
}
