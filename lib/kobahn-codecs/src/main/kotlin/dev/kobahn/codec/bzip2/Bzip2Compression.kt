package dev.kobahn.codec.bzip2

import dev.kobahn.codec.CodecLimits
import dev.kobahn.codec.LibraryCompression
import dev.kobahn.codec.PerMessageBzip2Offer
import dev.kobahn.codec.PerMessageBzip2Response
import dev.kobahn.codec.flag
import dev.kobahn.codec.number
import dev.kobahn.protocol.ByteQueue
import dev.kobahn.protocol.SegmentPool
import dev.kobahn.protocol.extension.ExtensionHeader
import dev.kobahn.protocol.extension.ExtensionParameters

/** The compression permessage-bzip2: its parameters. */
internal object Bzip2Compression :
    LibraryCompression("permessage-bzip2", "org.apache.commons:commons-compress", ::probe) {
    const val MAX_LEVEL = 9
    private val LEVELS = 1..MAX_LEVEL
    private const val CLIENT = "client_max_compress_level"
    private const val SERVER = "server_max_compress_level"

    override fun readOffer(params: ExtensionParameters): PerMessageBzip2Offer =
        PerMessageBzip2Offer(params.flag(CLIENT), params.number(SERVER, LEVELS))

    override fun readResponse(params: ExtensionParameters): PerMessageBzip2Response =
        PerMessageBzip2Response(params.number(CLIENT, LEVELS), params.number(SERVER, LEVELS))

    fun offerHeader(acceptsLevel: Boolean, server: Int): ExtensionHeader =
        header(flag(CLIENT, acceptsLevel), number(SERVER, server))

    fun answerHeader(server: Int, client: Int): ExtensionHeader =
        header(number(SERVER, server), number(CLIENT, client))

    /** Checks a requested level; 0 requests none. */
    fun checkRequest(name: String, level: Int) = require(level == 0 || level in LEVELS) {
        "$name is $level, must be 1 to 9, or 0 (not asked for)"
    }

    /**
     * Checks the unnegotiated settings of one end. The peer requests a level of at most [asked], or
     * 0 for none.
     */
    fun checkOwn(level: Int?, asked: Int, limits: CodecLimits) {
        val most = if (asked == 0) MAX_LEVEL else asked
        require(level == null || level in 1..most) {
            "compressLevel is $level, must be 1 to $most"
        }
        require(limits.maxMessageSize != 0L) { "maxMessageSize is 0, must be 1 or more" }
    }
}

/** Writes and reads an empty stream, which also needs the library's own dependencies. */
private fun probe() {
    val stream = ByteQueue()
    Bzip2Encoder(1).encodeStandalone(ByteArray(0), stream::append)
    val decoder = Bzip2Decoder(SegmentPool.NONE, maxMessageSize = 1)
    decoder.decode(stream.takeAll(), 0, EMPTY_SIZE) { _, _, _ -> }
    decoder.end { _, _, _ -> }
}

private const val EMPTY_SIZE = 14
