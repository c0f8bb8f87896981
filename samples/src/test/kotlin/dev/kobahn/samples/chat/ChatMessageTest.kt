package dev.kobahn.samples.chat

import dev.kobahn.Message
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe

class ChatMessageTest :
    FunSpec({
        test("what a page says is read back") {
            ChatMessage.decode(ChatMessage.Say("a [b] {c}").encode())?.text shouldBe "a [b] {c}"
        }

        test("what is no message of the chat is none, however deep it is nested") {
            val nonsense =
                listOf("", "1", "[", "{}", "nonsense", "[".repeat(16_000), "{\"a\":".repeat(3_000))
            for (text in nonsense) ChatMessage.decode(Message.Text(text)) shouldBe null
            ChatMessage.decode(Message.Binary(byteArrayOf(1))) shouldBe null
        }
    })
