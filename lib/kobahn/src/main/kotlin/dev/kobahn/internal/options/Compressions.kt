package dev.kobahn.internal.options

import dev.kobahn.codec.OptionalCompression
import dev.kobahn.protocol.extension.PerMessageCompression

/** The compressions whose offers a server's acceptor gets to see, by what there are codecs for. */
internal object Compressions {
    val known: List<PerMessageCompression>
        get() = listOf(PerMessageCompression.deflate) + OptionalCompression.available()
}
