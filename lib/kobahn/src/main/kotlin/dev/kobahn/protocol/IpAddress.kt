package dev.kobahn.protocol

/**
 * IP addresses as text and as bytes. Nothing is looked up. Stateless.
 */
internal object IpAddress {
    const val IPV4_BYTES = 4
    const val IPV6_BYTES = 16
    private const val GROUPS = 8
    private const val MAPPED_PREFIX = 12
    private const val MAX_BYTE = 255
    private const val MAX_DECIMALS = 3
    private const val MAX_HEX_DIGITS = 4
    private const val HEX = 16
    private const val BYTE = 0xFF
    private const val BYTE_BITS = 8

    /**
     * Returns the bytes of [text], a numeric address without brackets and zone, or null for any
     * other text. An IPv6 address that stands for an IPv4 one (`::ffff:10.0.0.1`) has four bytes.
     * A number with a leading zero is refused, because some readers take it for octal.
     */
    fun parse(text: String): ByteArray? =
        if (':' in text) parseIpv6(text)?.let(::unmapped) else parseIpv4(text)

    private fun parseIpv4(text: String): ByteArray? {
        val parts = text.split('.')
        if (parts.size != IPV4_BYTES) return null
        val bytes = ByteArray(IPV4_BYTES)
        parts.forEachIndexed { index, part ->
            val number =
                part.takeIf { it.length <= MAX_DECIMALS && (it == "0" || !it.startsWith('0')) }
                    ?.let { HttpGrammar.decimal(it, MAX_BYTE) } ?: return null
            bytes[index] = number.toByte()
        }
        return bytes
    }

    private fun parseIpv6(text: String): ByteArray? {
        val gap = text.indexOf("::")
        if (gap < 0) return bytesOf(text)?.takeIf { it.size == IPV6_BYTES }
        val head = bytesOf(text.substring(0, gap)) ?: return null
        val tail = bytesOf(text.substring(gap + 2)) ?: return null
        val missing = IPV6_BYTES - head.size - tail.size
        // An IPv4 address stands at the end only.
        val isMisplaced = '.' in text.substring(0, gap)
        if (missing < 2 || isMisplaced) return null
        return head + ByteArray(missing) + tail
    }

    /** Returns the bytes of groups that are separated by colons; the last may be an IPv4 address. */
    private fun bytesOf(groups: String): ByteArray? {
        if (groups.isEmpty()) return ByteArray(0)
        val bytes = ArrayList<Byte>(IPV6_BYTES)
        val parts = groups.split(':')
        if (parts.size > GROUPS) return null
        parts.forEachIndexed { index, part ->
            val isLast = index == parts.lastIndex
            val more = if (isLast && '.' in part) parseIpv4(part) else group(part)
            bytes.addAll((more ?: return null).asList())
        }
        return bytes.toByteArray().takeIf { it.size <= IPV6_BYTES }
    }

    private fun group(text: String): ByteArray? {
        if (text.length !in 1..MAX_HEX_DIGITS) return null
        var number = 0
        for (char in text) {
            val digit = Character.digit(char, HEX)
            if (digit < 0 || char.code > BYTE) return null
            number = number * HEX + digit
        }
        return byteArrayOf((number ushr BYTE_BITS).toByte(), number.toByte())
    }

    /** Returns the four bytes that an IPv6 address stands for, or [bytes] if it does not. */
    fun unmapped(bytes: ByteArray): ByteArray {
        if (bytes.size != IPV6_BYTES) return bytes
        val isMapped = (0 until MAPPED_PREFIX - 2).all { bytes[it] == 0.toByte() } &&
            bytes[MAPPED_PREFIX - 2] == BYTE.toByte() && bytes[MAPPED_PREFIX - 1] == BYTE.toByte()
        return if (isMapped) bytes.copyOfRange(MAPPED_PREFIX, IPV6_BYTES) else bytes
    }

    /** Returns the text of four or sixteen bytes; for IPv6 the shortest form (RFC 5952). */
    fun format(address: ByteArray): String {
        if (address.size == IPV4_BYTES) {
            return address.joinToString(".") { (it.toInt() and BYTE).toString() }
        }
        return shorten((0 until GROUPS).map { address.group(2 * it) })
    }

    private fun ByteArray.group(index: Int): Int =
        (this[index].toInt() and BYTE shl BYTE_BITS) or (this[index + 1].toInt() and BYTE)

    private fun shorten(groups: List<Int>): String {
        val zeros = longestZeros(groups)
        if (zeros.isEmpty()) return groups.joinToString(":") { it.toString(HEX) }
        val head = groups.subList(0, zeros.first).joinToString(":") { it.toString(HEX) }
        val tail = groups.subList(zeros.last + 1, GROUPS).joinToString(":") { it.toString(HEX) }
        return "$head::$tail"
    }

    /** Returns the first of the longest runs of at least two zeros, or an empty range. */
    private fun longestZeros(groups: List<Int>): IntRange {
        var longest = IntRange.EMPTY
        var start = 0
        for (index in 0..GROUPS) {
            if (index < GROUPS && groups[index] == 0) continue
            val length = index - start
            if (length > 1 && length > longest.count()) longest = start until index
            start = index + 1
        }
        return longest
    }
}

/** A range of IP addresses: those whose first [bits] are those of [address]. Immutable. */
internal class IpRange private constructor(private val address: ByteArray, private val bits: Int) {
    /** Whether [other], the bytes of an address, is in this range. */
    fun contains(other: ByteArray): Boolean =
        address.size == other.size && (0 until bits).all { bit ->
            val mask = TOP_BIT ushr bit % Byte.SIZE_BITS
            val index = bit / Byte.SIZE_BITS
            address[index].toInt() and mask == other[index].toInt() and mask
        }

    companion object {
        private const val TOP_BIT = 0x80

        /**
         * Parses an address, which is a range of one, or a range such as `10.0.0.0/8`.
         *
         * @throws IllegalArgumentException if [text] is neither, with the reason
         */
        fun parse(text: String): IpRange {
            val address = IpAddress.parse(text.substringBefore('/'))
            requireNotNull(address) { "\"$text\" is no address or range" }
            val most = address.size * Byte.SIZE_BITS
            val bits = if ('/' in text) {
                HttpGrammar.decimal(text.substringAfter('/'), most)
            } else {
                most
            }
            requireNotNull(bits) { "\"$text\" has no length in 0..$most" }
            return IpRange(address, bits)
        }

        /** Parses like [parse], but returns null for any other text. */
        fun parseOrNull(text: String): IpRange? = try {
            parse(text)
        } catch (_: IllegalArgumentException) {
            null
        }
    }
}
