package dev.kobahn.protocol.extension

import dev.kobahn.protocol.ByteQueue
import dev.kobahn.protocol.MessageType

/**
 * Transforms messages to send: each passes the encoders of the extensions in the order in which
 * they were agreed on. The encoded bytes wait in [output] for their frame, because its length is
 * not known before. Belongs to one sender at a time; any thread may read [failure].
 */
internal class EncoderChain(agreed: List<AgreedExtension>, pool: CodecPool) {
    val output = ByteQueue(pool.segments)

    private val stages = ArrayList<Stage>(agreed.size).also { stages ->
        for (extension in agreed.asReversed()) {
            stages.add(0, Stage(extension, pool, stages.firstOrNull() ?: ByteSink(output::append)))
        }
    }

    /** The reserved bits that mark the current message. */
    var reservedBits = 0
        private set

    /** The exception of an encoder. Nobody knows afterwards what the peer can decode. */
    @Volatile
    var failure: Throwable? = null
        private set

    /**
     * Begins a message of [length] bytes, or -1 if unknown; returns whether an extension
     * transforms it. With [doNotCompress], only extensions do that transform every message.
     */
    fun begin(type: MessageType, length: Long, doNotCompress: Boolean): Boolean {
        reservedBits = 0
        var isTransformed = false
        for (index in stages.indices) {
            val stage = stages[index]
            if (doNotCompress && stage.reservedBits != 0) {
                stage.skip()
                continue
            }
            failure?.let { throw IllegalStateException("an extension failed before", it) }
            // A later encoder cannot know the length of what an earlier one produces.
            if (!stage.begin(type, if (isTransformed) -1 else length)) continue
            isTransformed = true
            reservedBits += stage.reservedBits
        }
        return isTransformed
    }

    /**
     * Transforms the next bytes of the message, its last if [end]; returns the number of bytes
     * that come out.
     */
    fun encode(bytes: ByteArray, offset: Int, length: Int, end: Boolean): Int = guarded {
        stages[0].write(bytes, offset, length)
        for (index in stages.indices) if (end) stages[index].end() else stages[index].flush()
        Math.toIntExact(output.size)
    }

    /** See [MessageEncoder.standaloneForm]; null if there are several extensions. */
    val standaloneForm: Any? get() = stages.singleOrNull()?.encoder?.standaloneForm

    fun encodeStandalone(bytes: ByteArray): ByteArray = guarded {
        stages.single().encoder.encodeStandalone(bytes, ByteSink(output::append))
        output.takeAll()
    }

    fun sentStandalone(bytes: ByteArray) = guarded {
        stages.single().encoder.sentStandalone(bytes)
    }

    fun close() = closeAll(stages.map { it.encoder::close })

    private inline fun <T> guarded(encode: () -> T): T {
        try {
            return encode()
        } catch (e: Throwable) {
            failure = e
            output.clear()
            throw e
        }
    }

    private class Stage(extension: AgreedExtension, pool: CodecPool, private val next: ByteSink) :
        ByteSink {
        val encoder = extension.encoder(pool)
        val reservedBits = extension.reservedBits
        private var isActive = false

        fun begin(type: MessageType, length: Long): Boolean {
            isActive = encoder.begin(type, length)
            check(isActive || reservedBits != 0) {
                "the peer cannot see that $encoder does nothing"
            }
            return isActive
        }

        /** Leaves the message that begins unchanged. */
        fun skip() {
            isActive = false
        }

        override fun write(bytes: ByteArray, offset: Int, length: Int) = if (isActive) {
            encoder.encode(bytes, offset, length, next)
        } else {
            next.write(bytes, offset, length)
        }

        fun flush() {
            if (isActive) encoder.flush(next)
        }

        fun end() {
            if (isActive) encoder.end(next)
        }
    }
}

/** Makes all [calls], even if some of them throw, and then throws the first exception. */
internal fun closeAll(calls: List<() -> Unit>) {
    var failure: Throwable? = null
    for (call in calls) {
        try {
            call()
        } catch (e: Throwable) {
            failure = failure ?: e
        }
    }
    failure?.let { throw it }
}
