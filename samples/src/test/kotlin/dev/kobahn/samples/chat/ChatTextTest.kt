package dev.kobahn.samples.chat

import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe

class ChatTextTest :
    FunSpec({
        test("a name is trimmed, has single blanks, and is cut to its bound") {
            ChatText.name("  Ann \n  Lee ") shouldBe "Ann Lee"
            ChatText.name("x".repeat(100)) shouldBe "x".repeat(ChatText.LONGEST_NAME)
        }

        test("a cut never leaves half a surrogate pair") {
            ChatText.name("x".repeat(ChatText.LONGEST_NAME - 1) + "😀") shouldBe
                "x".repeat(ChatText.LONGEST_NAME - 1)
        }

        test("what cannot be seen is no part of a name") {
            ChatText.name("A\u202Enn\u0000\u200B") shouldBe "Ann"
            ChatText.name("\u200B \u202E") shouldBe null
            ChatText.name(null) shouldBe null
        }

        test("a message keeps its lines and emoji and loses control characters") {
            ChatText.said(" a\nb\u0007 👩\u200D🚀 ") shouldBe "a\nb 👩\u200D🚀"
            ChatText.said("x".repeat(5000))?.length shouldBe ChatText.LONGEST_TEXT
            ChatText.said(" \n ") shouldBe null
        }
    })
