package dev.kobahn.protocol.handshake

import dev.kobahn.protocol.HttpGrammar
import java.nio.ByteBuffer
import java.nio.charset.CharacterCodingException
import kotlin.io.encoding.Base64

/**
 * The name and the password of HTTP's Basic authentication (RFC 7617). They are encoded, not
 * encrypted: without TLS anyone on the way can read them. Immutable.
 *
 * @property user the name, without a colon
 * @throws IllegalArgumentException if a part has control characters, or [user] a colon; the message
 * quotes neither
 */
public class BasicCredentials(public val user: String, public val password: String) {
    init {
        require(':' !in user) { "the user name of Basic credentials must not have a colon" }
        require((user + password).none { it < ' ' || it == DELETE }) {
            "Basic credentials must not have control characters"
        }
    }

    /** The value of the field `Authorization`, in UTF-8. */
    public val headerValue: String
        get() = "$SCHEME " + Base64.encode("$user:$password".encodeToByteArray())

    /**
     * Whether these are [user] and [password]. Takes the same time for any wrong name or password
     * of the same length, see [Secrets].
     */
    public fun matches(user: String, password: String): Boolean =
        Secrets.match(this.user, user) and Secrets.match(this.password, password)

    override fun equals(other: Any?): Boolean =
        other is BasicCredentials && matches(other.user, other.password)

    override fun hashCode(): Int = 31 * user.hashCode() + password.hashCode()

    /** Returns the user name; the password is not for logs. */
    override fun toString(): String = "$user:***"

    internal companion object {
        private const val SCHEME = "Basic"
        private const val DELETE = '\u007F'
        private val base64 = Base64.withPadding(Base64.PaddingOption.PRESENT_OPTIONAL)

        /**
         * Reads the credentials in [headers], as UTF-8, or as ISO-8859-1 if they are not UTF-8.
         * Returns null without any, or if they are malformed.
         */
        @JvmSynthetic
        fun of(headers: Headers): BasicCredentials? = try {
            val bytes = authorization(headers, SCHEME)?.let(base64::decode)
            val text = bytes?.let(::text)
            if (text == null || ':' !in text) {
                null
            } else {
                BasicCredentials(text.substringBefore(':'), text.substringAfter(':'))
            }
        } catch (_: IllegalArgumentException) {
            null
        }

        private fun text(bytes: ByteArray): String = try {
            Charsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString()
        } catch (_: CharacterCodingException) {
            String(bytes, Charsets.ISO_8859_1)
        }
    }
}

/**
 * Returns the credentials of [scheme] in [headers], or null: without any, of another scheme, or in
 * several fields, of which a proxy in front might have checked another one.
 */
internal fun authorization(headers: Headers, scheme: String): String? {
    val field = headers.getAll("Authorization").singleOrNull() ?: return null
    val isScheme = field.startsWith("$scheme ", ignoreCase = true)
    if (!isScheme) return null
    val credentials = field.substring(scheme.length + 1).trim(' ')
    return credentials.takeIf { it.isNotEmpty() && it.all(HttpGrammar::isTargetChar) }
}
