package dev.kobahn.protocol

import java.util.concurrent.atomic.AtomicLong

/**
 * What a message that goes to many becomes in each form it is sent in, made once, and how many keep
 * it until it is written. Thread-safe.
 */
internal class EncodedForms {
    private val forms = HashMap<Any, ByteArray>(0)
    private val keepers = AtomicLong()

    /** The message's frame, or its beginning, where it is sent as it is; null until it is made. */
    @Volatile
    var head: ByteArray? = null

    /** The octets in [form], or null if nobody has made them. */
    fun get(form: Any): ByteArray? = synchronized(forms) { forms[form] }

    /**
     * Keeps what was [encoded] in [form], and returns what is kept. Those who encode it at the same
     * time do not wait for each other: the first one's is kept.
     */
    fun keep(form: Any, encoded: ByteArray): ByteArray =
        synchronized(forms) { forms.getOrPut(form) { encoded } }

    /** One more keeps it from now on, until [release]. */
    fun retain() {
        keepers.incrementAndGet()
    }

    fun release() {
        keepers.decrementAndGet()
    }

    /** The share of [length] octets that counts for each keeper. */
    fun part(length: Long): Long = length / maxOf(1, keepers.get())
}
