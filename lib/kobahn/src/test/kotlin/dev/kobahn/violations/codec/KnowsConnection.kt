package dev.kobahn.violations.codec

import dev.kobahn.violations.foreign.com.aayushatharva.brotli4j.encoder.Foreign as Brotli
import dev.kobahn.violations.foreign.org.apache.commons.compress.compressors.bzip2.Foreign as Bzip2
import dev.kobahn.violations.foreign.org.xerial.snappy.Foreign as Snappy
import dev.kobahn.violations.internal.connection.KnowsTransport

internal class KnowsConnection(val connection: KnowsTransport)

internal class KnowsBrotli(val brotli: Brotli)

internal class KnowsBzip2(val bzip2: Bzip2)

internal class KnowsSnappy(val snappy: Snappy)
