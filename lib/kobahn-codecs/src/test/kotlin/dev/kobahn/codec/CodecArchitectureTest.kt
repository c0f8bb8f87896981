package dev.kobahn.codec

import com.tngtech.archunit.core.importer.ClassFileImporter
import com.tngtech.archunit.lang.ArchRule
import com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.string.shouldContain
import java.nio.file.Path

/** The codecs use the public protocol, and each its own library. */
class CodecArchitectureTest :
    FunSpec({
        val codecs = ClassFileImporter().importPath(Path.of("target/classes"))

        test("a codec knows only the protocol") {
            protocolOnly.check(codecs)
        }

        test("broken deliberately: a codec knows only the protocol") {
            val violation = ClassFileImporter().importPackages("dev.kobahn.codec.violations")
            shouldThrow<AssertionError> { protocolOnly.check(violation) }
                .message shouldContain "KnowsServer"
        }

        for ((owner, library) in LIBRARIES) {
            test("nobody but codec.$owner touches its library") {
                noClasses().that().resideOutsideOfPackage("dev.kobahn.codec.$owner..")
                    .should().dependOnClassesThat().resideInAPackage(library).check(codecs)
            }
        }
    })

private val protocolOnly: ArchRule = noClasses().should().dependOnClassesThat()
    .resideInAnyPackage("dev.kobahn", "dev.kobahn.internal..", "dev.kobahn.java..")

private val LIBRARIES = mapOf(
    "bzip2" to "org.apache.commons.compress..",
    "snappy" to "org.xerial.snappy..",
    "brotli" to "com.aayushatharva.brotli4j..",
)
