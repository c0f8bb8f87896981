package dev.kobahn.samples.chat

import dev.kobahn.Message
import kotlinx.serialization.SerializationException
import kotlinx.serialization.json.Json
import kotlinx.serialization.json.JsonArray
import kotlinx.serialization.json.JsonObject
import kotlinx.serialization.json.JsonObjectBuilder
import kotlinx.serialization.json.JsonPrimitive
import kotlinx.serialization.json.buildJsonObject
import kotlinx.serialization.json.contentOrNull
import kotlinx.serialization.json.put

/**
 * A message between the chat's server and its pages: a JSON object in a text message, with its kind
 * in the field `type`. Times are milliseconds since 1970.
 */
internal sealed interface ChatMessage {
    /** Returns the message to send. */
    fun encode(): Message = Message.Text(toJson().toString())

    /** Returns the JSON object. */
    fun toJson(): JsonObject

    /** The first message to a person who has joined: the given name and the room as it is. */
    class Welcome(
        private val room: String,
        private val name: String,
        private val people: Collection<String>,
        private val history: Collection<Line>,
    ) : ChatMessage {
        override fun toJson() = typed("welcome") {
            put("room", room)
            put("name", name)
            put("people", JsonArray(people.map(::JsonPrimitive)))
            put("history", JsonArray(history.map(Line::toJson)))
        }
    }

    /** A line that a person has said. */
    class Line(private val at: Long, private val from: String, private val text: String) :
        ChatMessage {
        override fun toJson() = typed("line") {
            put("at", at)
            put("from", from)
            put("text", text)
        }
    }

    /** Somebody has come. */
    class Joined(private val at: Long, private val name: String) : ChatMessage {
        override fun toJson() = typed("joined") {
            put("at", at)
            put("name", name)
        }
    }

    /** Somebody has gone. */
    class Left(private val at: Long, private val name: String) : ChatMessage {
        override fun toJson() = typed("left") {
            put("at", at)
            put("name", name)
        }
    }

    /** The only thing a page sends: its user says something. */
    class Say(val text: String) : ChatMessage {
        override fun toJson() = typed("say") { put("text", text) }
    }

    companion object {
        private const val MOST_BRACKETS = 500

        /** The parser calls itself for each level: a text of nothing but brackets is too deep for the stack. */
        private fun mayBeDeep(text: String) = text.count { it == '[' || it == '{' } > MOST_BRACKETS

        /** Returns the line in [message] of a page, or null if it is no message of this chat. */
        fun decode(message: Message): Say? {
            if (message !is Message.Text || mayBeDeep(message.text)) return null
            val fields = try {
                Json.parseToJsonElement(message.text) as? JsonObject
            } catch (_: SerializationException) {
                null
            }
            val text = (fields?.get("text") as? JsonPrimitive)?.contentOrNull
            return if (text != null && fields["type"] == JsonPrimitive("say")) Say(text) else null
        }

        private fun typed(type: String, fields: JsonObjectBuilder.() -> Unit) = buildJsonObject {
            put("type", type)
            fields()
        }
    }
}
