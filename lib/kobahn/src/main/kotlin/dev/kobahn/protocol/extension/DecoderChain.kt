package dev.kobahn.protocol.extension

import dev.kobahn.protocol.ProtocolException
import dev.kobahn.protocol.SegmentPool
import dev.kobahn.protocol.Violation

/**
 * Restores received messages: each passes the decoders of the extensions that transformed it,
 * beginning with the extension agreed on last. The restored bytes are counted as they come out, so
 * that nobody ever holds more than the limits allow. Belongs to the receiving thread.
 */
internal class DecoderChain(agreed: List<AgreedExtension>, pool: CodecPool, output: ByteSink) {
    /** The reserved bits that may be set on the first frame of a message. */
    val reservedBits: Int = agreed.sumOf { it.reservedBits }

    /** The source of buffers for encoded data. */
    val segments: SegmentPool = pool.segments

    private val stages = ArrayList<Stage>(agreed.size).also { stages ->
        // The extension agreed on first is undone last, and passes the message on.
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

    /**
     * Begins a message whose first frame has these reserved bits; returns whether it was
     * transformed.
     */
    fun begin(rsv: Int): Boolean {
        var isTransformed = false
        for (index in stages.indices) if (stages[index].begin(rsv)) isTransformed = true
        return isTransformed
    }

    fun decode(bytes: ByteArray, offset: Int, length: Int) = stages[0].write(bytes, offset, length)

    /** Completes the message. */
    fun end() {
        for (index in stages.indices) stages[index].end()
    }

    fun close() = closeAll(stages.map { it::close })

    private class Stage(
        private val extension: AgreedExtension,
        pool: CodecPool,
        private val next: ByteSink,
    ) : ByteSink {
        private val decoder = extension.decoder(pool)
        private val counted = object : ByteSink {
            override fun write(bytes: ByteArray, offset: Int, length: Int) =
                decoded(bytes, offset, length)

            override val room: Long get() = roomBehind()
        }
        private var isActive = false
        private var taken = 0L
        private var made = 0L

        /** The exception of the next stage, which must not be blamed on this decoder. */
        private var passed: Throwable? = null

        fun begin(rsv: Int): Boolean {
            val bits = rsv and extension.reservedBits
            isActive = bits == extension.reservedBits
            if (!isActive && bits != 0) throw ProtocolException(Violation.RESERVED_BITS_SET)
            taken = 0
            made = 0
            return isActive
        }

        /**
         * A decoder's output differs in size from its input, so the limit of the next stage says
         * nothing.
         */
        override val room: Long get() = if (isActive) Long.MAX_VALUE else next.room

        private fun roomBehind(): Long {
            val most = extension.maxMessageSize
            return if (most > 0) minOf(most - made, next.room) else next.room
        }

        override fun write(bytes: ByteArray, offset: Int, length: Int) {
            if (!isActive) return next.write(bytes, offset, length)
            taken += length
            guarded { decoder.decode(bytes, offset, length, counted) }
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
                // The peer does not see the details of the decoder's exception.
                throw ProtocolException(Violation.CODED_DATA_INVALID, cause = e)
            }
        }

        private fun decoded(bytes: ByteArray, offset: Int, length: Int) {
            made += length
            checkSize()
            try {
                next.write(bytes, offset, length)
            } catch (e: Exception) {
                passed = e
                throw e
            }
        }

        private fun checkSize() {
            val most = extension.maxMessageSize
            if (most in 1 until made) {
                throw ProtocolException(Violation.MESSAGE_TOO_BIG, "more than $most bytes")
            }
            val factor = extension.maxExpansion
            if (factor > 0 && made > EXPANSION_FREE && made / factor > taken) {
                throw ProtocolException(Violation.EXPANDS_TOO_MUCH, "more than $factor times")
            }
        }
    }

    private companion object {
        /** A message up to this many bytes may expand by any factor. */
        const val EXPANSION_FREE = 1024 * 1024
    }
}
