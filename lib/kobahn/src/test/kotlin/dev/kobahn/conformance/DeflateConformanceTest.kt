package dev.kobahn.conformance

import io.kotest.core.spec.style.FunSpec
import java.io.File

/**
 * permessage-deflate with peers that others wrote, through the parameters and sizes of groups 12
 * and 13 of the Autobahn test suite. Run by the profile `conformance-deflate` alone;
 * `-Ddeflate.messages=20` and `-Ddeflate.bytes=8000000` limit the messages of each shape, by
 * their number and by their bytes; `-Ddeflate.peers=ws` and `-Ddeflate.cases=13.1,13.7` run a
 * part.
 */
class DeflateConformanceTest :
    FunSpec({
        // a combination alone is 40,000 messages
        timeout = 3_600_000

        val report = DeflateReport(File(System.getProperty("deflate.directory")))
        afterSpec { println("permessage-deflate: ${report.finish()}") }

        for (library in LIBRARIES) {
            for (role in OurRole.entries) {
                context("our ${role.name.lowercase()} and ${library.name.lowercase()}") {
                    for (combination in COMBINATIONS) {
                        test("${combination.case}: messages come back, compressed both ways") {
                            DeflateConformance(library, role, combination)
                                .run(Shape.all, ::messages, report::add)
                        }
                    }
                }
            }
        }
    })

/** How many messages of [shape] are sent. */
private fun messages(shape: Shape): Int {
    val messages = System.getProperty("deflate.messages").toInt()
    val bytes = System.getProperty("deflate.bytes").toInt()
    return minOf(messages, maxOf(1, bytes / shape.size))
}

private val LIBRARIES = names("deflate.peers").map { name ->
    DeflateLibrary.entries.single { it.name.equals(name, ignoreCase = true) }
}

private val COMBINATIONS = names("deflate.cases").map { name ->
    Combination.entries.single { it.case == name }
}

private fun names(property: String) = System.getProperty(property).split(',').map { it.trim() }
