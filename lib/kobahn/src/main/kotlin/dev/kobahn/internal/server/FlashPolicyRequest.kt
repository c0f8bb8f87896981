package dev.kobahn.internal.server

import java.nio.ByteBuffer

/**
 * Recognises the request of Flash for a socket policy, which comes in place of an HTTP head. No
 * head begins with its first byte, so the first byte of an HTTP request rules it out.
 */
internal class FlashPolicyRequest {
    /** How many bytes of the request have come. */
    private var matched = 0
    private var isRuledOut = false

    /** Returns whether [input] completes the request. Consumes nothing of it. */
    fun matches(input: ByteBuffer): Boolean {
        var index = input.position()
        while (!isRuledOut && matched < REQUEST.size && index < input.limit()) {
            if (input.get(index++) == REQUEST[matched]) matched++ else isRuledOut = true
        }
        return matched == REQUEST.size
    }

    private companion object {
        val REQUEST = "<policy-file-request/>\u0000".encodeToByteArray()
    }
}
