package dev.kobahn.protocol.handshake

/**
 * The versions of the protocol. A server uses the number in `Sec-WebSocket-Version`, 8 or 13. A
 * client is configured with a draft of the specification, where 18 stands for RFC 6455.
 */
public object ProtocolVersions {
    /** The supported values of `Sec-WebSocket-Version`. */
    @JvmField
    public val SUPPORTED: List<Int> = listOf(8, 13)

    /** The drafts that a client can speak. */
    @JvmField
    public val DRAFTS: IntRange = 10..18

    /** RFC 6455. */
    public const val DEFAULT_DRAFT: Int = 18

    /** The version of RFC 6455 on the wire. */
    public const val RFC_6455: Int = 13

    /** Drafts hybi-10 to hybi-12 on the wire. */
    public const val HYBI_10: Int = 8

    private const val FIRST_DRAFT_OF_13 = 13
    private const val LAST_DRAFT_OF_8 = 12

    /** Returns `Sec-WebSocket-Version` for [draft], one of [DRAFTS]. */
    @JvmStatic
    public fun ofDraft(draft: Int): Int {
        require(draft in DRAFTS) { "version must be in $DRAFTS, but is $draft" }
        return if (draft < FIRST_DRAFT_OF_13) HYBI_10 else RFC_6455
    }

    /** Returns the last draft with this [version], 8 or 13. */
    @JvmStatic
    public fun toDraft(version: Int): Int {
        require(version in SUPPORTED) { "version must be one of $SUPPORTED, but is $version" }
        return if (version == HYBI_10) LAST_DRAFT_OF_8 else DEFAULT_DRAFT
    }
}
