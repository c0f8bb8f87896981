package dev.kobahn.architecture

import com.tngtech.archunit.core.domain.Dependency
import com.tngtech.archunit.core.domain.JavaAccess
import com.tngtech.archunit.core.domain.JavaClass
import com.tngtech.archunit.core.importer.ClassFileImporter
import com.tngtech.archunit.lang.EvaluationResult
import com.tngtech.archunit.lang.ViolationHandler
import com.tngtech.archunit.library.cycle_detection.Cycle
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldBeEmpty
import io.kotest.matchers.shouldBe
import java.nio.file.Path

/**
 * Dependencies point one way. The library keeps every rule, and the tree `dev.kobahn.violations`
 * breaks every rule in exactly the classes that [DELIBERATE] names: a rule that cannot fail proves
 * nothing.
 */
class ArchitectureTest :
    FunSpec({
        val library = ClassFileImporter().importPath(Path.of("target/classes"))
        Layers("dev.kobahn").rules.forEach { (name, rule) ->
            test(name) { rule.check(library) }
        }

        val violations = ClassFileImporter().importPackages(VIOLATIONS)
        Layers(VIOLATIONS).rules.forEach { (name, rule) ->
            test("broken deliberately: $name") {
                violators(rule.evaluate(violations)) shouldBe DELIBERATE[name]
            }
        }

        test("every deliberate violation belongs to a rule") {
            (DELIBERATE.keys - Layers(VIOLATIONS).rules.keys).shouldBeEmpty()
        }
    })

private const val VIOLATIONS = "dev.kobahn.violations"

/** The violating classes by the rule they break. */
private val DELIBERATE =
    mapOf(
        "the protocol depends on itself, the Kotlin library and pure parts of the JDK" to
            setOf(
                "protocol.KnowsStoreRoom",
                "protocol.OpensSocket",
                "protocol.Suspends",
                "protocol.WritesFile",
            ),
        "the protocol reads no clock, takes no random number and starts no thread" to
            setOf("protocol.ReadsClock"),
        "no packages of the protocol depend on each other in a cycle" to
            setOf("protocol.KnowsFrame", "protocol.frame.KnowsProtocol"),
        "the store room knows neither connection, transport, server nor client" to
            setOf("autobahn.KnowsServer"),
        "nothing needs the store room" to
            setOf("internal.client.KnowsStoreRoom", "protocol.KnowsStoreRoom"),
        "the choice of proxies knows neither connection, transport, server nor client" to
            setOf("proxy.KnowsServer"),
        "the options of reconnecting know neither connection, transport, server nor client" to
            setOf("reconnect.KnowsServer"),
        "nobody but the transport knows Ktor, channels and the TLS engine" to
            setOf(
                "internal.connection.KnowsKtor",
                "internal.server.KnowsChannels",
                "internal.server.KnowsTls",
            ),
        "a connection knows neither transport, server nor client" to
            setOf(
                "internal.connection.KnowsClientSide",
                "internal.connection.KnowsServerSide",
                "internal.connection.KnowsTransport",
            ),
        "the transport knows neither server nor client" to setOf("internal.transport.KnowsBoth"),
        "the server does not know the client" to setOf("internal.server.KnowsClient"),
        "the client does not know the server" to setOf("internal.client.KnowsServer"),
        "nothing prints to standard output, nor uses the object that does on its first use" to
            setOf("Announces", "Prints"),
    )

/** The classes that break a rule, relative to the tree's root. */
private fun violators(result: EvaluationResult): Set<String> {
    val names = sortedSetOf<String>()
    result.handleViolations(
        ViolationHandler<Any> { violations, _ ->
            violations.flatMap(::origins).mapTo(names) { it.fullName.removePrefix("$VIOLATIONS.") }
        },
    )
    return names
}

private fun origins(violation: Any): List<JavaClass> = when (violation) {
    is Dependency -> listOf(violation.originClass)
    is JavaAccess<*> -> listOf(violation.originOwner)
    is Cycle<*> -> violation.convertTo(Dependency::class.java).map { it.originClass }
    else -> error("a violation of an unknown kind: $violation")
}
