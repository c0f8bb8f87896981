package dev.kobahn.protocol.proxy

import dev.kobahn.protocol.IpAddress
import java.nio.ByteBuffer

/**
 * CONNECT to a SOCKS5 proxy (RFC 1928), with user name and password (RFC 1929) if the proxy chooses
 * that.
 *
 * @param host a name, which the proxy looks up, or a numeric address without brackets and zone
 * @throws IllegalArgumentException if a name does not fit into 255 bytes
 */
internal class Socks5(
    private val host: String,
    private val port: Int,
    private val credentials: ProxyCredentials? = null,
) : ProxyDialogue {
    private enum class Phase(val size: Int) {
        /** The choice of a method (RFC 1928 section 3). */
        METHOD(2),

        /** The verdict on the password (RFC 1929 section 2). */
        PASSWORD(2),

        /** The reply, up to the first byte of the bound address (RFC 1928 section 6). */
        REPLY(5),

        /** The rest of the reply. */
        ADDRESS(5),
    }

    private var phase = Phase.METHOD
    private val message = ByteArray(MAX_REPLY)
    private var length = 0
    private var wanted = Phase.METHOD.size

    override val partialRefusal: ProxyRefusal? get() = null

    init {
        require(addressBytes().size <= 2 + MAX_TEXT) { "the host is longer than $MAX_TEXT bytes" }
        credentials?.let {
            require(it.user.encodeToByteArray().size in 1..MAX_TEXT) {
                "SOCKS5 needs a user name of 1 to $MAX_TEXT bytes"
            }
            require(it.password.encodeToByteArray().size <= MAX_TEXT) {
                "SOCKS5 needs a password of at most $MAX_TEXT bytes"
            }
        }
    }

    override val opening: ByteArray
        get() = if (credentials == null) {
            byteArrayOf(VERSION, 1, NO_PASSWORD)
        } else {
            byteArrayOf(VERSION, 2, NO_PASSWORD, USER_PASSWORD)
        }

    override fun receive(input: ByteBuffer): ProxyStep {
        while (true) {
            while (length < wanted) {
                if (!input.hasRemaining()) return ProxyStep.More
                message[length++] = input.get()
            }
            onMessage(input)?.let { return it }
        }
    }

    /** Returns null if the message is longer. */
    private fun onMessage(input: ByteBuffer): ProxyStep? = when (phase) {
        Phase.METHOD -> onMethod()

        Phase.PASSWORD -> onPassword()

        Phase.REPLY -> onReply()

        Phase.ADDRESS -> if (input.hasRemaining()) {
            refused("data follows the reply before anything was asked")
        } else {
            ProxyStep.Open
        }
    }

    private fun onMethod(): ProxyStep {
        if (message[0] != VERSION) return refused("the answer is not SOCKS5$ANOTHER_KIND")
        return when (message[1]) {
            NO_PASSWORD -> send(Phase.REPLY, request())

            USER_PASSWORD -> if (credentials == null) {
                refused("it chose a password, which was not offered")
            } else {
                send(Phase.PASSWORD, password(credentials))
            }

            NOTHING -> if (credentials == null) {
                refused("it asks for user and password")
            } else {
                refused("it accepts neither a password nor none")
            }

            else -> refused("it chose a method that was not offered")
        }
    }

    private fun onPassword(): ProxyStep = when {
        message[0] != PASSWORD_VERSION -> refused("the answer to the password is malformed")
        message[1] != SUCCEEDED -> refused("it refused user and password; check them")
        else -> send(Phase.REPLY, request())
    }

    private fun onReply(): ProxyStep? {
        if (message[0] != VERSION ||
            message[2] != RESERVED
        ) {
            return refused("the reply is malformed")
        }
        if (message[1] != SUCCEEDED) return refusedByReply()
        // The first byte of the address is there already: it is the length of a name.
        val rest = when (message[3]) {
            IPV4 -> IpAddress.IPV4_BYTES - 1
            IPV6 -> IpAddress.IPV6_BYTES - 1
            NAME -> message[4].toInt() and BYTE
            else -> return refused("the reply has an address of an unknown type")
        }
        phase = Phase.ADDRESS
        wanted = Phase.REPLY.size + rest + PORT_BYTES
        return null
    }

    private fun send(next: Phase, bytes: ByteArray): ProxyStep {
        phase = next
        length = 0
        wanted = next.size
        return ProxyStep.Send(bytes)
    }

    private fun password(credentials: ProxyCredentials): ByteArray {
        val user = credentials.user.encodeToByteArray()
        val password = credentials.password.encodeToByteArray()
        return byteArrayOf(PASSWORD_VERSION, user.size.toByte()) + user +
            byteArrayOf(password.size.toByte()) + password
    }

    private fun request(): ByteArray = byteArrayOf(VERSION, CONNECT, RESERVED) + addressBytes() +
        byteArrayOf((port ushr Byte.SIZE_BITS).toByte(), port.toByte())

    private fun addressBytes(): ByteArray {
        val address = IpAddress.parse(host)
        if (address != null) {
            return byteArrayOf(if (address.size == IpAddress.IPV4_BYTES) IPV4 else IPV6) + address
        }
        val name = host.encodeToByteArray()
        return byteArrayOf(NAME, name.size.toByte()) + name
    }

    private fun refusedByReply(): ProxyStep {
        val code = message[1].toInt() and BYTE
        return ProxyStep.Refused(ProxyRefusal(textOf(code), reply = code))
    }

    private fun refused(reason: String) = ProxyStep.Refused(ProxyRefusal(reason))

    override fun end(): ProxyStep = when (phase) {
        Phase.METHOD -> refused("the proxy ended the connection without an answer$ANOTHER_KIND")

        Phase.PASSWORD -> refused("the proxy ended the connection instead of judging the password")

        // A refusal may come without the address that nobody needs.
        Phase.REPLY if length > 1 && message[0] == VERSION && message[1] != SUCCEEDED ->
            refusedByReply()

        Phase.REPLY, Phase.ADDRESS -> refused("the proxy ended the connection instead of a reply")
    }

    internal companion object {
        private const val ANOTHER_KIND = "; is it a SOCKS5 proxy?"
        private const val VERSION: Byte = 5
        private const val PASSWORD_VERSION: Byte = 1
        private const val NO_PASSWORD: Byte = 0
        private const val USER_PASSWORD: Byte = 2
        private const val NOTHING: Byte = -1
        private const val CONNECT: Byte = 1
        private const val RESERVED: Byte = 0
        private const val SUCCEEDED: Byte = 0
        private const val IPV4: Byte = 1
        private const val NAME: Byte = 3
        private const val IPV6: Byte = 4
        private const val PORT_BYTES = 2
        const val MAX_TEXT = 255
        private const val MAX_REPLY = 5 + MAX_TEXT + PORT_BYTES
        private const val BYTE = 0xFF

        private val REPLIES = listOf(
            "general failure of the proxy",
            "the proxy's rules do not allow this target",
            "the proxy does not reach the network of the target",
            "the proxy does not reach the host, or does not know its name",
            "the target refused the proxy's connection",
            "the target did not answer the proxy in time",
            "the proxy does not support CONNECT",
            "the proxy does not support this type of address",
        )

        /** Returns the meaning of the reply [code] (RFC 1928 section 6), 1 to 255. */
        fun textOf(code: Int): String {
            val text = REPLIES.getOrElse(code - 1) { "a reply that RFC 1928 does not define" }
            return "$text (SOCKS5 reply $code)"
        }
    }
}
