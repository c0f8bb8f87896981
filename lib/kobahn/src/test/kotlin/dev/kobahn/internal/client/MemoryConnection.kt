package dev.kobahn.internal.client

import dev.kobahn.internal.connection.ConnectionRig
import dev.kobahn.protocol.Role
import dev.kobahn.protocol.handshake.ConnectionResponse
import dev.kobahn.protocol.handshake.Headers
import java.io.IOException
import kotlin.time.Duration.Companion.seconds

/** An open connection of a client, in memory. [run] lets it go on. */
internal class MemoryConnection {
    private val rig = ConnectionRig(Role.CLIENT)
    val webSocket = RealClientWebSocket(rig.connection, RESPONSE)

    /** The frames that the server has got. */
    val frames: List<String> get() = rig.peer.frames

    fun run() = rig.loop.run()

    /** Lets so much time pass for the connection that none of its timers is left. */
    fun waitLong() = rig.loop.advanceBy(ConnectionRig.LONG)

    fun receive(vararg texts: String) = rig.receive(*texts.map(rig.peer::text).toTypedArray())

    /** The server closes, or answers a Close, and ends the transport. */
    fun serverCloses(code: Int) {
        rig.receive(rig.peer.close(code))
        rig.loop.advanceBy(1.seconds)
        rig.peer.end()
        run()
    }

    fun stopReading() = rig.peer.stopReading()

    fun lose() {
        rig.peer.vanish(IOException("Connection reset"))
        run()
    }

    private companion object {
        val RESPONSE = ConnectionResponse("memory", Headers.EMPTY, 101, 13, null, emptyList())
    }
}
