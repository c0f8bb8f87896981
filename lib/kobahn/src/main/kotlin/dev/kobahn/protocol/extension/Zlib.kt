package dev.kobahn.protocol.extension

import java.util.zip.Deflater
import java.util.zip.Inflater

/** Where zlib's objects are made, all for raw DEFLATE data (RFC 1951). Tests count them here. */
internal interface Zlib {
    fun deflater(level: Int): Deflater = Deflater(level, true)

    fun inflater(): Inflater = Inflater(true)

    companion object : Zlib
}
