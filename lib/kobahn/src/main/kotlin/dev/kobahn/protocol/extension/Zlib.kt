package dev.kobahn.protocol.extension

import java.util.zip.Deflater
import java.util.zip.Inflater

/**
 * Makes the objects of zlib, all for raw DEFLATE data (RFC 1951). Tests replace it to count them.
 */
internal interface Zlib {
    fun deflater(level: Int): Deflater = Deflater(level, true)

    fun inflater(): Inflater = Inflater(true)

    companion object : Zlib
}
