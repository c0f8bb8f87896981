package dev.kobahn

/**
 * The properties of one sent message that differ from those of its connection. Immutable.
 *
 * ```
 * send(picture, SendOptions(compress = false))
 * ```
 *
 * @property compress whether the message may be compressed, on connections that compress messages;
 * messages below their threshold are not. Autobahn: `doNotCompress`.
 * @property fragmentSize the maximum payload of the message's frames in bytes; 0 sends a whole
 * message in one frame. A compressed message is split after compression. Null, the default, is the
 * connection's `autoFragmentSize`. Autobahn: `fragmentSize`.
 * @throws IllegalArgumentException if [fragmentSize] is negative
 */
public class SendOptions
@JvmOverloads
constructor(
    public val compress: Boolean = true,
    public val fragmentSize: Int? = null,
) {
    init {
        require(fragmentSize == null || fragmentSize >= 0) {
            "fragmentSize is $fragmentSize, must be 0 (one frame) or more"
        }
    }

    internal companion object {
        val DEFAULT = SendOptions()
    }
}
