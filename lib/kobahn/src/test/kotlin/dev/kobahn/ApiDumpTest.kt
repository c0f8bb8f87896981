package dev.kobahn

import io.kotest.core.spec.style.FunSpec

/** Public means forever: see [PublicApi]. */
class ApiDumpTest :
    FunSpec({
        apiDumpTests(PublicApi("kobahn"), "protocol/ByteQueue")
    })
