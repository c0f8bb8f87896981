package dev.kobahn.samples

import com.github.ajalt.clikt.core.CoreCliktCommand
import com.github.ajalt.clikt.parameters.arguments.argument
import com.github.ajalt.clikt.parameters.arguments.convert
import com.github.ajalt.clikt.parameters.arguments.help
import com.github.ajalt.clikt.parameters.transform.TransformContext
import dev.kobahn.protocol.handshake.WebSocketUrl

/** Returns the argument with the URL to connect to. */
internal fun CoreCliktCommand.webSocketUrl() = argument("URL")
    .convert { text ->
        reported { WebSocketUrl.parse(text) }
        text
    }
    .help("Where to connect to, such as ws://localhost:9000/path.")

/** Returns the result of [parse] and turns its IllegalArgumentException into a usage error. */
internal inline fun <T> TransformContext.reported(parse: () -> T): T = try {
    parse()
} catch (failure: IllegalArgumentException) {
    fail(failure.message.orEmpty())
}
