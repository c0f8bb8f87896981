package dev.kobahn.ktor.architecture

import dev.kobahn.architecture.publicApiOnlyTests
import dev.kobahn.ktor.violations.KnowsInternals
import io.kotest.core.spec.style.FunSpec

class ArchitectureTest :
    FunSpec({
        publicApiOnlyTests("dev.kobahn.ktor", KnowsInternals::class.java)
    })
