package dev.kobahn

import dev.kobahn.protocol.extension.PerMessageDeflate

/**
 * What a block of [WebSocketOptions.perMessageDeflate] sets, each as the property of the same name of
 * [PerMessageDeflate] says. A value out of range is an [IllegalArgumentException] when it is set.
 */
@WebSocketDsl
public class PerMessageDeflateOptions internal constructor(wished: PerMessageDeflate) {
    @get:JvmSynthetic
    internal var wished: PerMessageDeflate = wished
        private set

    /** [PerMessageDeflate.serverNoContextTakeover]. Default: false. */
    public var serverNoContextTakeover: Boolean
        get() = wished.serverNoContextTakeover
        set(on) {
            wished = wished.copy(serverNoContextTakeover = on)
        }

    /** [PerMessageDeflate.clientNoContextTakeover]. Default: false. */
    public var clientNoContextTakeover: Boolean
        get() = wished.clientNoContextTakeover
        set(on) {
            wished = wished.copy(clientNoContextTakeover = on)
        }

    /** [PerMessageDeflate.serverMaxWindowBits], 8 to 15. Default: 15. */
    public var serverMaxWindowBits: Int
        get() = wished.serverMaxWindowBits
        set(bits) {
            wished = wished.copy(serverMaxWindowBits = bits)
        }

    /** [PerMessageDeflate.clientMaxWindowBits], 8 to 15. Default: 15. */
    public var clientMaxWindowBits: Int
        get() = wished.clientMaxWindowBits
        set(bits) {
            wished = wished.copy(clientMaxWindowBits = bits)
        }

    /** [PerMessageDeflate.compressionLevel], 0 to 9. Default: -1, which is zlib's own. */
    public var compressionLevel: Int
        get() = wished.compressionLevel
        set(level) {
            wished = wished.copy(compressionLevel = level)
        }

    /** [PerMessageDeflate.memLevel], 1 to 9. Default: 5. */
    public var memLevel: Int
        get() = wished.memLevel
        set(level) {
            wished = wished.copy(memLevel = level)
        }

    /** [PerMessageDeflate.threshold] in octets. Default: 64. */
    public var threshold: Int
        get() = wished.threshold
        set(octets) {
            wished = wished.copy(threshold = octets)
        }

    /** [PerMessageDeflate.maxInflateRatio]; 0 is no limit. Default: 256. */
    public var maxInflateRatio: Int
        get() = wished.maxInflateRatio
        set(ratio) {
            wished = wished.copy(maxInflateRatio = ratio)
        }

    /** [PerMessageDeflate.maxMessageSize] in octets. Default: 0, no limit of its own. */
    public var maxMessageSize: Long
        get() = wished.maxMessageSize
        set(octets) {
            wished = wished.copy(maxMessageSize = octets)
        }
}
