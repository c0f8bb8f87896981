package dev.kobahn.architecture

import com.tngtech.archunit.core.domain.JavaClass
import com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage
import com.tngtech.archunit.core.importer.ClassFileImporter
import com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import java.nio.file.Path

/**
 * The tests that the module of [root] uses public API of the library only: an integration that
 * needs more has found a gap. [violator] breaks the rule deliberately.
 */
fun FunSpec.publicApiOnlyTests(root: String, violator: Class<*>) {
    val rule = noClasses().that(resideInAPackage("$root.."))
        .should().dependOnClassesThat(resideInAPackage("dev.kobahn.internal.."))

    test("the module uses public API of the library only") {
        rule.check(ClassFileImporter().importPath(Path.of("target/classes")))
    }

    test("broken deliberately: the module uses public API of the library only") {
        val classes = ClassFileImporter().importClasses(violator)
        classes.map(JavaClass::getName) shouldBe listOf(violator.name)
        rule.evaluate(classes).hasViolation() shouldBe true
    }
}
