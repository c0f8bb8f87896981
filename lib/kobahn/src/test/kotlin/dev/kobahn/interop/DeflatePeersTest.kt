package dev.kobahn.interop

import dev.kobahn.WebSocketOptions
import dev.kobahn.conformance.Combination
import dev.kobahn.conformance.DeflateConformance
import dev.kobahn.conformance.DeflateLibrary
import dev.kobahn.conformance.OurRole
import dev.kobahn.conformance.Shape
import io.kotest.core.spec.style.FunSpec

/**
 * permessage-deflate with Debian's Python libraries, as its block sets it; what the profile
 * `conformance-deflate` does at length.
 */
class DeflatePeersTest :
    FunSpec({
        for (library in listOf(DeflateLibrary.AUTOBAHN, DeflateLibrary.WEBSOCKETS)) {
            for (role in OurRole.entries) {
                val name = "our ${role.name.lowercase()} and ${library.name.lowercase()}"
                test("$name compress every message for each other") {
                    DeflateConformance(
                        library,
                        role,
                        Combination.DEFAULTS,
                        configureClient = { compressAll() },
                        configureServer = { compressAll() },
                    ).run(Shape.all, { MESSAGES })
                }
            }
        }
    })

private const val MESSAGES = 10

/** Short messages, too, which are not worth it. */
private fun WebSocketOptions.compressAll() = perMessageDeflate { threshold = 0 }
