package dev.kobahn.conformance

/** What the ends of a connection go by in permessage-deflate. */
internal data class Agreement(
    val serverNoContextTakeover: Boolean,
    val clientNoContextTakeover: Boolean,
    val serverMaxWindowBits: Int,
    val clientMaxWindowBits: Int,
) {
    companion object {
        const val MAX_WINDOW_BITS = 15

        /** As [values] by the names of the parameters say it; some need not be there. */
        fun of(values: Map<String, String>): Agreement = Agreement(
            values["server_no_context_takeover"].toBoolean(),
            values["client_no_context_takeover"].toBoolean(),
            values["server_max_window_bits"]?.toInt() ?: MAX_WINDOW_BITS,
            values["client_max_window_bits"]?.toInt() ?: MAX_WINDOW_BITS,
        )
    }
}
