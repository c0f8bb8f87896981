package dev.kobahn.autobahn

import dev.kobahn.WebSocketClientOptions
import dev.kobahn.protocol.handshake.ORIGIN
import dev.kobahn.protocol.handshake.ProtocolVersions
import dev.kobahn.protocol.handshake.SEC_WEBSOCKET_ORIGIN

/**
 * The drafts of RFC 6455 by Autobahn's numbers: 10 to 17, and 18 for the RFC itself. On the wire,
 * and everywhere else in this library, a version is 8 or 13.
 */
public object Drafts {
    /** The drafts that a client can speak. Autobahn: `SUPPORTED_SPEC_VERSIONS`. */
    @JvmField
    public val SUPPORTED: IntRange = 10..18

    /** RFC 6455. Autobahn: `DEFAULT_SPEC_VERSION`. */
    public const val DEFAULT: Int = 18

    private const val LAST_WITH_OWN_ORIGIN = 10
    private const val LAST_OF_8 = 12

    /** Returns `Sec-WebSocket-Version` for [draft]. Autobahn: `SPEC_TO_PROTOCOL_VERSION`. */
    @JvmStatic
    public fun toVersion(draft: Int): Int {
        require(draft in SUPPORTED) { "draft must be in $SUPPORTED, but is $draft" }
        return if (draft <= LAST_OF_8) ProtocolVersions.HYBI_10 else ProtocolVersions.RFC_6455
    }

    /** Returns the last draft with this [version]. Autobahn: `PROTOCOL_TO_SPEC_VERSION`. */
    @JvmStatic
    public fun ofVersion(version: Int): Int {
        require(version in ProtocolVersions.SUPPORTED) {
            "version must be one of ${ProtocolVersions.SUPPORTED}, but is $version"
        }
        return if (version == ProtocolVersions.HYBI_10) LAST_OF_8 else DEFAULT
    }

    /**
     * Sets [draft] for a client: its version and the name of the field for its origin.
     * Autobahn: `version`.
     */
    @JvmStatic
    public fun set(options: WebSocketClientOptions, draft: Int) {
        options.version = toVersion(draft)
        options.originField = originField(draft)
    }

    /** Returns the name of the field for the origin of a client that speaks [draft]. */
    @JvmSynthetic
    internal fun originField(draft: Int): String =
        if (draft <= LAST_WITH_OWN_ORIGIN) SEC_WEBSOCKET_ORIGIN else ORIGIN
}
