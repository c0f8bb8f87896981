package dev.kobahn.protocol.handshake

/** The versions of the protocol, as the numbers in `Sec-WebSocket-Version`. */
public object ProtocolVersions {
    /** The supported versions. */
    @JvmField
    public val SUPPORTED: List<Int> = listOf(8, 13)

    /** RFC 6455. */
    public const val RFC_6455: Int = 13

    /** The drafts hybi-10 to hybi-12 of RFC 6455. */
    public const val HYBI_10: Int = 8
}
