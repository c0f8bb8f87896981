package dev.kobahn.samples.chat

import dev.kobahn.ServerWebSocket
import dev.kobahn.WebSocketServerOptions
import dev.kobahn.protocol.CloseCode

/** Serves the chat: its page at `/`, and its WebSocket at `/chat?room=…&name=…`. */
internal fun WebSocketServerOptions.chat(rooms: Rooms = Rooms()) {
    maxMessagePayloadSize = LARGEST_MESSAGE
    maxConnections = MOST_PEOPLE
    onRequest { request -> ChatPage.at(request.path) }
    route("/chat") { onConnect { serve(rooms) } }
}

/** The life of one person in a room. */
private suspend fun ServerWebSocket.serve(rooms: Rooms) {
    accept()
    val room = ChatText.room(request.param("room")) ?: "lobby"
    val seat = rooms.enter(room, ChatText.name(request.param("name")) ?: "Guest", this)
    try {
        listen(seat)
    } finally {
        seat.leave()
    }
}

private suspend fun ServerWebSocket.listen(seat: Rooms.Seat) {
    for (message in incoming) {
        val said = ChatMessage.decode(message)
        if (said == null) {
            close(CloseCode.POLICY_VIOLATION, "not a message of this chat")
            return
        }
        ChatText.said(said.text)?.let(seat::say)
    }
}

private const val LARGEST_MESSAGE = 16L * 1024
private const val MOST_PEOPLE = 1000
