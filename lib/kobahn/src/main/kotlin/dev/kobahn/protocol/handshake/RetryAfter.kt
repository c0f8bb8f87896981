package dev.kobahn.protocol.handshake

import dev.kobahn.protocol.HttpGrammar

/**
 * Reads `Retry-After` (RFC 9110 section 10.2.3): a number of seconds, or a date in one of the three
 * forms of section 5.6.7. Stateless.
 */
internal object RetryAfter {
    private const val MAX_SECONDS = Int.MAX_VALUE
    private const val DAY = 86_400L
    private const val HOUR = 3_600
    private const val MINUTE = 60
    private val MONTHS = listOf(
        "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
    )

    /**
     * Returns the seconds to wait from now on, or null if [headers] do not say. A date is compared
     * with the server's own `Date` if there is one, and else with [now], in seconds since 1970.
     */
    fun seconds(headers: Headers, now: Long): Long? {
        val value = headers.getAll("Retry-After").singleOrNull() ?: return null
        val number = HttpGrammar.decimal(value, MAX_SECONDS)
        if (number != null) return number.toLong()
        if (value.isNotEmpty() && value.all(HttpGrammar::isDigit)) return MAX_SECONDS.toLong()
        val then = date(value) ?: return null
        val from = headers["Date"]?.let(::date) ?: now
        return (then - from).coerceIn(0, MAX_SECONDS.toLong())
    }

    /** Returns the seconds from 1970 to the date that [text] is, or null. */
    fun date(text: String): Long? {
        val parts = text.split(' ', ',', '-', ':').filter { it.isNotEmpty() }
        return when (parts.size) {
            // Sun, 06 Nov 1994 08:49:37 GMT, or Sunday, 06-Nov-94 08:49:37 GMT
            8 -> instant(parts[3], parts[2], parts[1], parts.subList(4, 7))

            // Sun Nov  6 08:49:37 1994
            7 -> instant(parts[6], parts[1], parts[2], parts.subList(3, 6))

            else -> null
        }
    }

    private fun instant(year: String, month: String, day: String, time: List<String>): Long? {
        val monthNumber = MONTHS.indexOf(month.lowercase()) + 1
        val dayNumber = number(day, 1..31) ?: return null
        val hour = number(time[0], 0..23) ?: return null
        val minute = number(time[1], 0..59) ?: return null
        val second = number(time[2], 0..60) ?: return null
        val written = number(year, 0..9999) ?: return null
        if (monthNumber == 0) return null
        val fullYear = if (year.length == 2) century(written) + written else written
        val days = daysFromEpoch(fullYear, monthNumber, dayNumber)
        return days * DAY + hour * HOUR + minute * MINUTE + second
    }

    private fun number(text: String, range: IntRange): Int? =
        HttpGrammar.decimal(text, range.last)?.takeIf { it in range }

    private fun century(twoDigits: Int) = if (twoDigits < 70) 2000 else 1900

    /** Counts the days since 1970-01-01 in the Gregorian calendar, whose year begins in March here. */
    private fun daysFromEpoch(year: Int, month: Int, day: Int): Long {
        val shifted = (if (month > 2) year else year - 1).toLong()
        val monthFromMarch = (month + 9) % 12
        val dayOfYear = (153 * monthFromMarch + 2) / 5 + day - 1
        val days = 365 * shifted + shifted / 4 - shifted / 100 + shifted / 400 + dayOfYear
        return days - 719_468
    }
}
