package dev.kobahn.servlet.architecture

import dev.kobahn.architecture.publicApiOnlyTests
import dev.kobahn.servlet.violations.KnowsInternals
import io.kotest.core.spec.style.FunSpec

class ArchitectureTest :
    FunSpec({
        publicApiOnlyTests("dev.kobahn.servlet", KnowsInternals::class.java)
    })
