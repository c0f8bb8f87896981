package dev.kobahn.internal.server

import java.nio.ByteBuffer

/**
 * Recognises the request of Flash for a socket policy, which comes in place of an HTTP head. Its
 * first octet begins no head, so an HTTP request is given up at once.
 */
internal class FlashPolicyRequest {
    /** How many octets fit so far, or [NO_MATCH]. */
    private var matched = 0

    /** Whether [input], which is left as it is, completes the request. */
    fun matches(input: ByteBuffer): Boolean {
        var index = input.position()
        while (matched in REQUEST.indices && index < input.limit()) {
            matched = if (input.get(index++) == REQUEST[matched]) matched + 1 else NO_MATCH
        }
        return matched == REQUEST.size
    }

    private companion object {
        val REQUEST = "<policy-file-request/>\u0000".encodeToByteArray()
        const val NO_MATCH = -1
    }
}
