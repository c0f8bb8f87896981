package dev.kobahn.samples.chat

/** Bounds text that people type and removes characters that play tricks on a screen. */
internal object ChatText {
    /** How many characters a name may have. */
    const val LONGEST_NAME = 24

    /** How many characters the name of a room may have. */
    const val LONGEST_ROOM = 32

    /** How many characters a message may have. */
    const val LONGEST_TEXT = 2000

    private val UNSEEN = Regex("[\\p{Cc}\\p{Cf}\\p{Zl}\\p{Zp}\\p{Co}\\p{Cs}]")

    // the joiner that emoji are made with does no harm
    private val UNSEEN_IN_TEXT = Regex("[\\p{Cc}\\p{Cf}\\p{Zl}\\p{Zp}\\p{Cs}&&[^\\n\\u200D]]")
    private val SPACES = Regex("\\s+")

    /** A person's name, or null if nothing is left of [text]. */
    fun name(text: String?): String? = label(text, LONGEST_NAME)

    /** A room's name, or null if nothing is left of [text]. */
    fun room(text: String?): String? = label(text, LONGEST_ROOM)

    /** Something said, or null if nothing is left of [text]. */
    fun said(text: String): String? =
        cut(text.replace(UNSEEN_IN_TEXT, "").trim(), LONGEST_TEXT).ifEmpty { null }

    private fun label(text: String?, longest: Int): String? =
        cut(text.orEmpty().replace(SPACES, " ").replace(UNSEEN, "").trim(), longest)
            .trim()
            .ifEmpty { null }

    /** The beginning of [text], with no half of a surrogate pair at its end. */
    private fun cut(text: String, longest: Int): String {
        val short = text.take(longest)
        val isHalved = short.lastOrNull()?.isHighSurrogate() == true
        return if (isHalved) short.dropLast(1) else short
    }
}
