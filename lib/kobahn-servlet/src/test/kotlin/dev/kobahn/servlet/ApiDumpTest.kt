package dev.kobahn.servlet

import dev.kobahn.PublicApi
import dev.kobahn.apiDumpTests
import io.kotest.core.spec.style.FunSpec

/** Public means forever: see [PublicApi]. */
class ApiDumpTest :
    FunSpec({
        apiDumpTests(PublicApi("kobahn-servlet"), "servlet/KobahnServlet")
    })
