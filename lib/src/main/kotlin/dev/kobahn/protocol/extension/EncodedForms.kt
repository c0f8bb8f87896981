package dev.kobahn.protocol.extension

import java.util.concurrent.ConcurrentHashMap

/** What a message that goes to many becomes in each form it is sent in, made once. Thread-safe. */
internal class EncodedForms {
    private val forms = ConcurrentHashMap<Any, ByteArray>()

    /** The octets in [form]; the first who asks has [encode] make them, and others wait for it. */
    fun get(form: Any, encode: () -> ByteArray): ByteArray =
        forms[form] ?: forms.computeIfAbsent(form) { encode() }
}
