package dev.kobahn.protocol.extension

/** What a message that goes to many becomes in each form it is sent in, made once. Thread-safe. */
internal class EncodedForms {
    private val forms = HashMap<Any, ByteArray>(0)

    /** The message's frame, or its beginning, where it is sent as it is; null until it is made. */
    @Volatile
    var head: ByteArray? = null

    /** The octets in [form]; the first who asks has [encode] make them, and others wait for it. */
    fun get(form: Any, encode: () -> ByteArray): ByteArray =
        synchronized(forms) { forms.getOrPut(form, encode) }
}
