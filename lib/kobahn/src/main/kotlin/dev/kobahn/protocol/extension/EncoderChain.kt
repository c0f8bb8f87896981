package dev.kobahn.protocol.extension

import dev.kobahn.protocol.MessageType
import dev.kobahn.protocol.OctetQueue

/**
 * Transforms messages to be sent: each passes the encoders of the extensions in the order in which
 * they were agreed on, and what comes out waits in [output] for its frame, whose length is not known
 * before. Belongs to one sender at a time; [failure] may be read by all.
 */
internal class EncoderChain(agreed: List<AgreedExtension>, pool: CodecPool) {
    val output = OctetQueue(pool.segments)

    private val stages = ArrayList<Stage>(agreed.size).also { stages ->
        for (extension in agreed.asReversed()) {
            stages.add(0, Stage(extension, pool, stages.firstOrNull() ?: OctetSink(output::append)))
        }
    }

    /** The reserved bits that mark the message that was begun. */
    var reservedBits = 0
        private set

    /** What went wrong in an encoder: what the peer can decode is not known any more. */
    @Volatile
    var failure: Throwable? = null
        private set

    /**
     * A message begins, of [length] octets or -1; whether anybody transforms it. With
     * [doNotCompress] only those do that transform every message.
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
            // whoever comes later does not know what is made of the message
            if (!stage.begin(type, if (isTransformed) -1 else length)) continue
            isTransformed = true
            reservedBits += stage.reservedBits
        }
        return isTransformed
    }

    /** Transforms the next octets of the message, its last if [end]; returns how many come out. */
    fun encode(octets: ByteArray, offset: Int, length: Int, end: Boolean): Int = guarded {
        stages[0].write(octets, offset, length)
        for (index in stages.indices) if (end) stages[index].end() else stages[index].flush()
        Math.toIntExact(output.size)
    }

    /** See [MessageEncoder.standaloneForm]; null also where several extensions would have to agree. */
    val standaloneForm: Any? get() = stages.singleOrNull()?.encoder?.standaloneForm

    fun encodeStandalone(octets: ByteArray): ByteArray = guarded {
        stages.single().encoder.encodeStandalone(octets, OctetSink(output::append))
        output.takeAll()
    }

    fun sentStandalone(octets: ByteArray) = guarded {
        stages.single().encoder.sentStandalone(octets)
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

    private class Stage(extension: AgreedExtension, pool: CodecPool, private val next: OctetSink) :
        OctetSink {
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

        /** The message that begins is not for this extension. */
        fun skip() {
            isActive = false
        }

        override fun write(octets: ByteArray, offset: Int, length: Int) = if (isActive) {
            encoder.encode(octets, offset, length, next)
        } else {
            next.write(octets, offset, length)
        }

        fun flush() {
            if (isActive) encoder.flush(next)
        }

        fun end() {
            if (isActive) encoder.end(next)
        }
    }
}

/** Makes all [calls], whatever they throw; the first of that is thrown afterwards. */
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
