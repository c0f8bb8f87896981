package dev.kobahn.samples.chat

import dev.kobahn.protocol.handshake.Headers
import dev.kobahn.protocol.handshake.HttpResponse
import dev.kobahn.protocol.handshake.headersOf

/** The files of the page, which are resources beside this class. */
internal object ChatPage {
    private val FILES = mapOf(
        "/" to file("chat.html", "text/html"),
        "/chat.css" to file("chat.css", "text/css"),
        "/chat.js" to file("chat.js", "text/javascript"),
    )

    /** The answer to a request for [path], or null if that is no file of the page. */
    fun at(path: String): HttpResponse? = FILES[path]

    private fun file(name: String, type: String): HttpResponse {
        val resource = checkNotNull(ChatPage::class.java.getResource(name)) { "no resource $name" }
        val bytes = resource.readBytes()
        return HttpResponse(200, headers = headers(type), body = bytes)
    }

    private fun headers(type: String): Headers = headersOf(
        "Content-Type" to "$type; charset=utf-8",
        "Cache-Control" to "no-cache",
        // no inline script runs, should a message ever be taken for HTML
        "Content-Security-Policy" to
            "default-src 'self'; img-src 'self' data:; frame-ancestors 'none'",
        "X-Content-Type-Options" to "nosniff",
    )
}
