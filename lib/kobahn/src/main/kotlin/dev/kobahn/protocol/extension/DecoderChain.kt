package dev.kobahn.protocol.extension

import dev.kobahn.protocol.ProtocolException
import dev.kobahn.protocol.SegmentPool
import dev.kobahn.protocol.Violation

/**
 * Restores received messages: each passes the decoders of the extensions that transformed it, the
 * last agreed one first. What comes out is counted while it does, so that nobody ever holds more
 * than the limits allow. Belongs to the thread that receives.
 */
internal class DecoderChain(agreed: List<AgreedExtension>, pool: CodecPool, output: OctetSink) {
    /** The reserved bits that may be set on the first frame of a message. */
    val reservedBits: Int = agreed.sumOf { it.reservedBits }

    /** Where what is to be decoded is copied to. */
    val segments: SegmentPool = pool.segments

    private val stages = ArrayList<Stage>(agreed.size).also { stages ->
        // the first agreed one is the last to be undone, and knows where the message goes
        for (extension in agreed) {
            stages.add(
                0,
                Stage(
                    extension,
                    pool,
                    stages.firstOrNull() ?: output,
                ),
            )
        }
    }

    /** A message begins whose first frame has these reserved bits; whether it was transformed. */
    fun begin(rsv: Int): Boolean {
        var isTransformed = false
        for (index in stages.indices) if (stages[index].begin(rsv)) isTransformed = true
        return isTransformed
    }

    fun decode(octets: ByteArray, offset: Int, length: Int) =
        stages[0].write(octets, offset, length)

    /** The message is complete. */
    fun end() {
        for (index in stages.indices) stages[index].end()
    }

    fun close() = closeAll(stages.map { it::close })

    private class Stage(
        private val extension: AgreedExtension,
        pool: CodecPool,
        private val next: OctetSink,
    ) : OctetSink {
        private val decoder = extension.decoder(pool)
        private val counted = object : OctetSink {
            override fun write(octets: ByteArray, offset: Int, length: Int) =
                decoded(octets, offset, length)

            override val room: Long get() = roomBehind()
        }
        private var isActive = false
        private var taken = 0L
        private var made = 0L

        /** What the next stage threw, which is not the decoder's fault. */
        private var passed: Throwable? = null

        fun begin(rsv: Int): Boolean {
            val bits = rsv and extension.reservedBits
            isActive = bits == extension.reservedBits
            if (!isActive && bits != 0) throw ProtocolException(Violation.RESERVED_BITS_SET)
            taken = 0
            made = 0
            return isActive
        }

        /** What it takes is not what it makes of it. */
        override val room: Long get() = if (isActive) Long.MAX_VALUE else next.room

        private fun roomBehind(): Long {
            val most = extension.maxMessageSize
            return if (most > 0) minOf(most - made, next.room) else next.room
        }

        override fun write(octets: ByteArray, offset: Int, length: Int) {
            if (!isActive) return next.write(octets, offset, length)
            taken += length
            guarded { decoder.decode(octets, offset, length, counted) }
        }

        fun end() {
            if (isActive) guarded { decoder.end(counted) }
        }

        fun close() = decoder.close()

        private inline fun guarded(decode: () -> Unit) {
            try {
                decode()
            } catch (e: ProtocolException) {
                throw e
            } catch (e: Exception) {
                if (e === passed) throw e
                // The peer is told nothing of what is said here.
                throw ProtocolException(Violation.CODED_DATA_INVALID, cause = e)
            }
        }

        private fun decoded(octets: ByteArray, offset: Int, length: Int) {
            made += length
            checkSize()
            try {
                next.write(octets, offset, length)
            } catch (e: Exception) {
                passed = e
                throw e
            }
        }

        private fun checkSize() {
            val most = extension.maxMessageSize
            if (most in 1 until made) {
                throw ProtocolException(Violation.MESSAGE_TOO_BIG, "more than $most octets")
            }
            val factor = extension.maxExpansion
            if (factor > 0 && made > EXPANSION_FREE && made / factor > taken) {
                throw ProtocolException(Violation.EXPANDS_TOO_MUCH, "more than $factor times")
            }
        }
    }

    private companion object {
        /** A message of this many octets may be as repetitive as it likes. */
        const val EXPANSION_FREE = 1024 * 1024
    }
}
