package dev.kobahn.internal.options

import dev.kobahn.protocol.extension.CompressionProvider
import dev.kobahn.protocol.extension.PerMessageCompression
import java.util.ServiceLoader

/** The compressions whose offers a server reads: permessage-deflate and those of other modules. */
internal object Compressions {
    val known: List<PerMessageCompression> by lazy {
        val loader = CompressionProvider::class.java.classLoader
        listOf(PerMessageCompression.deflate) +
            ServiceLoader.load(CompressionProvider::class.java, loader)
                .flatMap { it.compressions() }
    }
}
