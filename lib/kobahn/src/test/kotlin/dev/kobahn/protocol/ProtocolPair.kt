package dev.kobahn.protocol

import dev.kobahn.protocol.endpoint.Protocol
import dev.kobahn.protocol.endpoint.SendStep
import java.nio.ByteBuffer

/** A [Protocol] with its output and a record of its events. */
internal class ProtocolEnd(
    val config: ProtocolConfig,
    maskingKeys: MaskingKeys = MaskingKeys { KEY },
) {
    constructor(role: Role) : this(ProtocolConfig(role))

    val output = ByteQueue()
    val events = RecordedEvents()
    val protocol = Protocol(config, output, maskingKeys, events)

    fun receive(bytes: ByteArray) = protocol.receive(ByteBuffer.wrap(bytes.copyOf()))

    /** Takes the waiting frames out of the output, in readable form. */
    fun sent(): List<String> = WireFrame.readAll(output.takeAll()).map(WireFrame::toString)

    companion object {
        /** The key of every masked frame, from RFC 6455 section 5.7. */
        const val KEY = 0x37FA213D
    }
}

/** Sends a whole message with shared encodings, see [Protocol.beginSending]. */
internal fun Protocol.sendPrepared(
    type: MessageType,
    bytes: ByteArray,
    encodings: PreparedEncodings,
    fragmentSize: Int,
): Boolean {
    val sending = beginSending(type, bytes, fragmentSize, encodings)
    if (sending != SendStep.ENCODING) return sending == SendStep.SENT
    encode()
    return sendEncoded()
}

/** A client and a server whose outputs are each other's inputs, in memory. */
internal class ProtocolPair(
    clientConfig: ProtocolConfig = ProtocolConfig(Role.CLIENT),
    serverConfig: ProtocolConfig = ProtocolConfig(Role.SERVER),
    maskingKeys: MaskingKeys = MaskingKeys { ProtocolEnd.KEY },
) {
    val client = ProtocolEnd(clientConfig, maskingKeys)
    val server = ProtocolEnd(serverConfig, maskingKeys)

    /** Returns the end of [role], and the other one. */
    fun endsFrom(role: Role): Pair<ProtocolEnd, ProtocolEnd> =
        if (role == Role.CLIENT) client to server else server to client

    /** Carries bytes, at most [chunk] at a time, until neither end has any left. */
    fun exchange(chunk: Int = Int.MAX_VALUE) {
        do {
            val carried = carry(client, server, chunk) + carry(server, client, chunk)
        } while (carried > 0)
    }

    private fun carry(from: ProtocolEnd, to: ProtocolEnd, chunk: Int): Int {
        val target = ByteBuffer.allocate(minOf(from.output.size, chunk.toLong()).toInt())
        val count = from.output.copyTo(target)
        from.output.remove(count)
        target.flip()
        to.protocol.receive(target)
        from.protocol.outputWritten()
        return count
    }
}
