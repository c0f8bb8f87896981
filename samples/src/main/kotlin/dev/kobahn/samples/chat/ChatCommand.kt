package dev.kobahn.samples.chat

import dev.kobahn.WebSocketServerOptions
import dev.kobahn.samples.Console
import dev.kobahn.samples.ServerCommand

/** `chat`: rooms to talk in, with a page for the browser. */
internal class ChatCommand(console: Console = Console.SYSTEM) :
    ServerCommand("chat", ABOUT, console) {
    override fun WebSocketServerOptions.configure() = chat()

    private companion object {
        const val ABOUT = """
            A chat for browsers, with many rooms; the page is at the address it prints, with http.

            http://localhost:9000/ leads to the room "lobby", /?room=tea there to another. With
            --host 0.0.0.0 a phone in the same network can join. A room remembers 50 lines.
            Only its own page can use it: a proxy in front has to pass the Host field on as it is, or
            --option allowedOrigins=https://chat.example.com names the page's address."""
    }
}
