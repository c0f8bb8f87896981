package dev.kobahn.samples.chat

import dev.kobahn.ClientWebSocket
import dev.kobahn.HandshakeException
import dev.kobahn.WebSocketClient
import dev.kobahn.WebSocketServer
import dev.kobahn.use
import dev.kobahn.webSocketClient
import dev.kobahn.webSocketServer
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import java.net.URLEncoder
import kotlin.time.Duration.Companion.seconds
import kotlinx.serialization.json.Json
import kotlinx.serialization.json.JsonArray
import kotlinx.serialization.json.JsonElement
import kotlinx.serialization.json.JsonObject
import kotlinx.serialization.json.jsonObject
import kotlinx.serialization.json.jsonPrimitive

class ChatServerTest :
    FunSpec({
        timeout = 30.seconds.inWholeMilliseconds

        test("two people see each other come, speak and go") {
            chatting { ann ->
                val first = ann.enter("tea", "Ann")
                first.next("welcome").texts("people") shouldBe listOf("Ann")
                val second = ann.enter("tea", "Bob")
                second.next("welcome").texts("people") shouldBe listOf("Ann", "Bob")
                first.next("joined").text("name") shouldBe "Bob"

                second.say("<b>hello</b>")
                for (person in listOf(first, second)) {
                    val line = person.next("line")
                    line.text("from") shouldBe "Bob"
                    line.text("text") shouldBe "<b>hello</b>"
                }

                second.webSocket.close().wasClean shouldBe true
                first.next("left").text("name") shouldBe "Bob"
            }
        }

        test("rooms do not hear each other") {
            chatting { chat ->
                val tea = chat.enter("tea", "Ann").also { it.next("welcome") }
                val coffee = chat.enter("coffee", "Ann").also { it.next("welcome") }
                tea.say("in tea")
                coffee.say("in coffee")
                tea.next("line").text("text") shouldBe "in tea"
                coffee.next("line").text("text") shouldBe "in coffee"
            }
        }

        test("who comes later gets the last 50 lines") {
            chatting { chat ->
                val ann = chat.enter("tea", "Ann").also { it.next("welcome") }
                for (number in 1..60) ann.say("$number")
                repeat(60) { ann.next("line") }
                val lines = chat.enter("tea", "Bob").next("welcome")["history"] as JsonArray
                lines.map { it.jsonObject.text("text") } shouldBe (11..60).map { "$it" }
            }
        }

        test("a room remembers its lines when everybody has left") {
            chatting { chat ->
                val ann = chat.enter("tea", "Ann").also { it.next("welcome") }
                ann.say("note")
                ann.next("line")
                ann.webSocket.close()
                val bob = chat.enter("tea", "Bob").next("welcome")
                (bob["history"] as JsonArray).single().jsonObject.text("text") shouldBe "note"
            }
        }

        test("a name that is taken gets a number, an empty one is Guest") {
            chatting { chat ->
                chat.enter("tea", "Ann").next("welcome").text("name") shouldBe "Ann"
                chat.enter("tea", "Ann").next("welcome").text("name") shouldBe "Ann 2"
                chat.enter("tea", " ").next("welcome").text("name") shouldBe "Guest"
            }
        }

        test("what is not a message of the chat closes the connection with 1008") {
            chatting { chat ->
                val wrongType = "{\"type\":\"line\",\"text\":\"a\"}"
                for (nonsense in listOf("{", "[]", "{\"type\":\"say\"}", wrongType)) {
                    val guest = chat.enter("tea", "Ann")
                    guest.next("welcome")
                    guest.webSocket.send(nonsense)
                    guest.webSocket.awaitClosed().code shouldBe 1008
                }
            }
        }

        test("a message that is too large closes the connection with 1009") {
            chatting { chat ->
                val guest = chat.enter("tea", "Ann")
                guest.say("x".repeat(20_000))
                guest.webSocket.awaitClosed().code shouldBe 1009
            }
        }

        test("only a WebSocket to /chat is opened") {
            chatting { chat ->
                val answer = shouldThrow<HandshakeException> { chat.client.connect("${chat.url}/") }
                answer.status shouldBe 200
                answer.bodyText shouldContain "<title>Kobahn chat</title>"
                val other = shouldThrow<HandshakeException> {
                    chat.client.connect("${chat.url}/other")
                }
                other.status shouldBe 404
            }
        }

        test("the room that was empty the longest is forgotten first") {
            chatting(Rooms(limit = 2)) { chat ->
                for (room in listOf("one", "two", "three")) {
                    val guest = chat.enter(room, "Ann").also { it.next("welcome") }
                    guest.say(room)
                    guest.next("line")
                    guest.webSocket.close()
                }
                for ((room, lines) in listOf("three" to 1, "two" to 1, "one" to 0)) {
                    val history = chat.enter(room, "Bob").next("welcome")["history"] as JsonArray
                    history.size shouldBe lines
                }
            }
        }
    })

private class Chat(server: WebSocketServer, val client: WebSocketClient) {
    val url = "ws://localhost:${server.port}"

    suspend fun enter(room: String, name: String): Guest =
        Guest(client.connect("$url/chat?room=${encoded(room)}&name=${encoded(name)}"))

    private fun encoded(text: String) = URLEncoder.encode(text, "UTF-8")
}

private class Guest(val webSocket: ClientWebSocket) {
    suspend fun say(text: String) = webSocket.send(ChatMessage.Say(text).encode())

    /** The next message, which has to be of this [type]. */
    suspend fun next(type: String): JsonObject {
        val message = Json.parseToJsonElement(webSocket.incoming.receive().toString()).jsonObject
        message.text("type") shouldBe type
        return message
    }
}

private suspend fun chatting(rooms: Rooms = Rooms(), test: suspend (Chat) -> Unit) =
    webSocketServer { chat(rooms) }.use { server ->
        val client = webSocketClient()
        test(Chat(server, client))
        client.close()
    }

private fun JsonObject.text(name: String): String = getValue(name).jsonPrimitive.content

private fun JsonObject.texts(name: String): List<String> =
    (getValue(name) as JsonArray).map { element: JsonElement -> element.jsonPrimitive.content }
