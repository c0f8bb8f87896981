package dev.kobahn

import io.kotest.assertions.withClue
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldBeEmpty
import io.kotest.matchers.collections.shouldContain
import io.kotest.matchers.collections.shouldContainExactly
import java.io.File

/**
 * Holds the comments of all modules to plain English: a KDoc opens with a noun or a verb, and "who"
 * follows a noun.
 */
class PlainEnglishTest :
    FunSpec({
        val sources = File("..").listFiles().orEmpty()
            .map { it.resolve("src/main") }
            .flatMap { root -> root.walk().filter { it.extension in listOf("kt", "java") } }
            .sorted()

        test("no comment breaks a rule") {
            val found = sources.flatMap(::violationsIn)
            withClue(found.joinToString("\n", postfix = "\n")) { found.shouldBeEmpty() }
        }

        test("the sources of all modules are read") {
            val packages = sources.map(::packageOf).toSet()
            packages shouldContain "dev.kobahn"
            packages shouldContain "dev.kobahn.codec"
        }

        test("an unclear comment is found") {
            UNCLEAR.filter { violations(it).size != 1 }.shouldBeEmpty()
        }

        test("a plain comment passes") {
            PLAIN.filter { violations(it).isNotEmpty() }.shouldBeEmpty()
        }

        test("a violation is reported with its line") {
            val source = "val a = 1\n\n/**\n * Returns the first,\n * or for who asks.\n */\n"
            violations(source).map { it.line } shouldContainExactly listOf(5)
        }
    })

private val UNCLEAR = listOf(
    "/** What a client asks for. */",
    "/** Who is asked first. */",
    "/** Whose turn it is. */",
    "/** Has [block] run by the loop. */",
    "/** As `send(text)`. */",
    "/**\n * What [key] stands for\n * happens now.\n */",
    "// Who waits gets nothing.",
    "// Whoever closes it first wins.",
    "/* for whoever reads */",
    "/** Returns the oldest for who asks. */",
    "/** A failure is told to those, or\n * who receives. */",
    "// Nobody sees it but who receives.",
    "// It is closed: who receives learns of it.",
    "// It\n// decides who masks.",
)

private val PLAIN = listOf(
    "/** The request of the client. */",
    "/** Whether the peer has answered. */",
    "/** Hash of the key. Has no effect on the peer. */",
    "/** Asks for more. Assumes that the lock is held. */",
    "// A client who waits, and a peer that reads.",
    "// Those who wait are resumed.",
    "// As the loop does. What follows is a reason.",
    "/** The answer. `who` is its parameter. */",
    "/**\n * The answer:\n *\n * ```\n * deny(401, \"and who are you?\")\n * ```\n */",
    "val text = \"/** What is it? */\"",
    "val text = \"\"\"// Who?\"\"\"",
    "val quote = '\"' // A quotation mark.",
)

private class Violation(val line: Int, val text: String)

/** Strings come first, because they may contain the beginning of a comment. */
private val TOKEN = Regex(
    """"{3}[\s\S]*?"{3,}|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])+'""" +
        """|/\*[\s\S]*?\*/|//[^\n]*(?:\n[ \t]*//[^\n]*)*""",
)

/** The marks of a comment, and code within it. */
private val NO_TEXT = Regex("""```[\s\S]*?```|`[^`]*`|/\*\*?|\*/|(?m)^[ \t]*(?:\*|//)|//""")

private val UNCLEAR_OPENING = Regex("""^\s*(Who|What|Whose|Has|As)\b""")

/** "Who" at the beginning, after a punctuation mark, or after a word that is no noun. */
private val WHO_WITHOUT_NOUN = Regex(
    """\bwhoever\b|(?:^|[.,;:!?()–—]|""" +
        """\b(?:and|or|but|of|to|for|from|by|on|with|at|in|up|than|that|if|as|is|are|was|were|""" +
        """only|not|decides?|interrupts?|returns?|tells?|knows?|says?|sees?|asks?|finds?))""" +
        """\s*\bwho\b""",
    RegexOption.IGNORE_CASE,
)

private fun violationsIn(file: File): List<String> {
    val path = file.relativeTo(File("..")).invariantSeparatorsPath
    return violations(file.readText()).map { "lib/$path:${it.line}: ${it.text}" }
}

private fun violations(source: String): List<Violation> =
    TOKEN.findAll(source).filter { it.value.startsWith("/") }.flatMap { comment ->
        val text = NO_TEXT.replace(comment.value) { blank(it.value) }
        val opening = if (comment.value.startsWith("/**")) UNCLEAR_OPENING.find(text) else null
        val found = listOfNotNull(opening) + WHO_WITHOUT_NOUN.findAll(text)
        found.map { comment.range.first + it.range.last }.distinct().map { violation(source, it) }
    }.toList()

private fun violation(source: String, at: Int): Violation {
    val line = source.take(at).count { it == '\n' }
    return Violation(line + 1, source.lines()[line].trim())
}

/** Keeps the line breaks, so that positions stay the same. */
private fun blank(text: String) = text.replace(Regex("[^\n]"), " ")

private fun packageOf(file: File): String =
    file.useLines { lines -> lines.first { it.startsWith("package ") } }
        .removePrefix("package ").removeSuffix(";")
