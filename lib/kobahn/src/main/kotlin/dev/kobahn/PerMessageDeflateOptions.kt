package dev.kobahn

import dev.kobahn.protocol.extension.DeflateParameters
import dev.kobahn.protocol.extension.PerMessageDeflate

/**
 * The options in a block of [WebSocketOptions.perMessageDeflate]. Each has the meaning of the
 * property of [PerMessageDeflate] with its name. Setting a value out of range throws
 * [IllegalArgumentException].
 */
@WebSocketDsl
public class PerMessageDeflateOptions internal constructor(wished: PerMessageDeflate) {
    @get:JvmSynthetic
    internal var wished: PerMessageDeflate = wished
        private set

    /** The same as [PerMessageDeflate.serverNoContextTakeover]. Default: false. */
    public var serverNoContextTakeover: Boolean
        get() = wished.serverNoContextTakeover
        set(on) {
            wished = wished.copy(serverNoContextTakeover = on)
        }

    /** The same as [PerMessageDeflate.clientNoContextTakeover]. Default: false. */
    public var clientNoContextTakeover: Boolean
        get() = wished.clientNoContextTakeover
        set(on) {
            wished = wished.copy(clientNoContextTakeover = on)
        }

    /** The same as [PerMessageDeflate.serverMaxWindowBits], 8 to 15. Default: 15. */
    public var serverMaxWindowBits: Int
        get() = wished.serverMaxWindowBits
        set(bits) {
            wished = wished.copy(serverMaxWindowBits = bits)
        }

    /** The same as [PerMessageDeflate.clientMaxWindowBits], 8 to 15. Default: 15. */
    public var clientMaxWindowBits: Int
        get() = wished.clientMaxWindowBits
        set(bits) {
            wished = wished.copy(clientMaxWindowBits = bits)
        }

    /**
     * The same as [PerMessageDeflate.compressionLevel], 0 to 9. Default: -1, the default level of
     * zlib.
     */
    public var compressionLevel: Int
        get() = wished.compressionLevel
        set(level) = change { copy(compressionLevel = level) }

    /** The same as [PerMessageDeflate.memLevel], 1 to 9. Default: 5. */
    public var memLevel: Int
        get() = wished.memLevel
        set(level) = change { copy(memLevel = level) }

    /** The same as [PerMessageDeflate.threshold], in bytes. Default: 64. */
    public var threshold: Int
        get() = wished.threshold
        set(bytes) = change { copy(threshold = bytes) }

    /** The same as [PerMessageDeflate.maxInflateRatio]; 0 is no limit. Default: 256. */
    public var maxInflateRatio: Int
        get() = wished.maxInflateRatio
        set(ratio) = change { copy(maxInflateRatio = ratio) }

    /** The same as [PerMessageDeflate.maxMessageSize], in bytes. Default: 0, no separate limit. */
    public var maxMessageSize: Long
        get() = wished.maxMessageSize
        set(bytes) = change { copy(maxMessageSize = bytes) }

    private inline fun change(edit: DeflateParameters.() -> DeflateParameters) {
        wished = wished.copy(parameters = wished.parameters.edit())
    }
}
