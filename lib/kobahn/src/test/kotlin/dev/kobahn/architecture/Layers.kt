package dev.kobahn.architecture

import com.tngtech.archunit.base.DescribedPredicate
import com.tngtech.archunit.base.DescribedPredicate.not
import com.tngtech.archunit.core.domain.JavaAccess
import com.tngtech.archunit.core.domain.JavaClass
import com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage
import com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage
import com.tngtech.archunit.lang.ArchRule
import com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes
import com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses
import com.tngtech.archunit.library.dependencies.SliceAssignment
import com.tngtech.archunit.library.dependencies.SliceIdentifier
import com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices

/**
 * Rules about the packages below [root]: each may know only some of the others. With another root
 * the same rules judge a tree of deliberate violations. Rules name packages in full,
 * `dev.kobahn.java..` and never `..java..`.
 */
internal class Layers(private val root: String) {
    /** Every rule by its name. */
    val rules: Map<String, ArchRule> = mapOf(
        "the protocol depends on itself, the Kotlin library and pure parts of the JDK" to
            classes().that(liveIn("protocol"))
                .should().onlyDependOnClassesThat(liveIn("protocol").or(pure)),
        "the protocol reads no clock, takes no random number and starts no thread" to
            noClasses().that(liveIn("protocol")).should().accessTargetWhere(impure),
        "no packages of the protocol depend on each other in a cycle" to
            slices().assignedFrom(PackagesBelow("$root.protocol")).should().beFreeOfCycles(),
        "the store room knows neither connection, transport, server nor client" to
            noClasses().that(liveIn("autobahn")).should().dependOnClassesThat(
                liveIn(
                    "internal.connection",
                    "internal.transport",
                    "internal.server",
                    "internal.client",
                ),
            ),
        "nothing needs the store room" to
            noClasses().that(resideInAPackage("$root..").and(not(liveIn("autobahn"))))
                .should().dependOnClassesThat(liveIn("autobahn")),
        "the choice of proxies knows neither connection, transport, server nor client" to
            noClasses().that(liveIn("proxy")).should().dependOnClassesThat(
                liveIn(
                    "internal.connection",
                    "internal.transport",
                    "internal.server",
                    "internal.client",
                ),
            ),
        "the options of reconnecting know neither connection, transport, server nor client" to
            noClasses().that(liveIn("reconnect")).should().dependOnClassesThat(
                liveIn(
                    "internal.connection",
                    "internal.transport",
                    "internal.server",
                    "internal.client",
                ),
            ),
        "nobody but the transport knows Ktor, channels and the TLS engine" to
            noClasses().that(resideInAPackage("$root..").and(not(liveIn("internal.transport"))))
                .should().dependOnClassesThat(
                    resideInAnyPackage("io.ktor..", "java.nio.channels..").or(tlsEngine),
                ),
        "a connection knows neither transport, server nor client" to
            noClasses().that(liveIn("internal.connection")).should().dependOnClassesThat(
                liveIn("internal.transport", "internal.server", "internal.client"),
            ),
        "the transport knows neither server nor client" to
            noClasses().that(liveIn("internal.transport"))
                .should().dependOnClassesThat(liveIn("internal.server", "internal.client"))
                .allowEmptyShould(true),
        "the server does not know the client" to
            noClasses().that(liveIn("internal.server"))
                .should().dependOnClassesThat(liveIn("internal.client")).allowEmptyShould(true),
        "the client does not know the server" to
            noClasses().that(liveIn("internal.client"))
                .should().dependOnClassesThat(liveIn("internal.server")).allowEmptyShould(true),
        "nothing prints to standard output, nor uses the object that does on its first use" to
            noClasses().that(resideInAPackage("$root..")).should().accessTargetWhere(printing),
    )

    private fun liveIn(vararg packages: String): DescribedPredicate<JavaClass> =
        resideInAnyPackage(*packages.map { "$root.$it.." }.toTypedArray())
}

/** Makes each package from [root] downwards a slice of its own, [root] itself included. */
private class PackagesBelow(private val root: String) : SliceAssignment {
    override fun getIdentifierOf(javaClass: JavaClass): SliceIdentifier {
        val name = javaClass.packageName
        val isBelow = name == root || name.startsWith("$root.")
        return if (isBelow) SliceIdentifier.of(name) else SliceIdentifier.ignore()
    }

    override fun getDescription(): String = "the packages below $root"
}

/** The protocol may use values, collections, buffers, charsets, deflate and digests. */
private val pure: DescribedPredicate<JavaClass> =
    resideInAnyPackage(
        "kotlin",
        "kotlin.annotation..",
        "kotlin.collections..",
        "kotlin.comparisons..",
        "kotlin.enums..",
        "kotlin.internal..",
        "kotlin.io.encoding..",
        "kotlin.jvm..",
        "kotlin.ranges..",
        "kotlin.reflect..",
        "kotlin.sequences..",
        "kotlin.text..",
        "org.jetbrains.annotations..",
        "java.lang",
        "java.lang.annotation..",
        "java.lang.invoke..",
        "java.nio",
        "java.nio.charset..",
        "java.util",
        "java.util.function..",
        "java.util.regex..",
        "java.util.zip..",
    ).or(
        named(
            "java.io.ByteArrayOutputStream",
            "java.io.IOException",
            "java.io.Serializable",
            "java.security.MessageDigest",
            "java.security.NoSuchAlgorithmException",
            // Counters with one writer and any number of readers. They neither wait nor schedule.
            "java.util.concurrent.atomic.AtomicLong",
            "java.util.concurrent.atomic.AtomicLongFieldUpdater",
        ),
    ).and(
        not(named("java.util.Random", "java.util.Timer", "java.util.UUID", "java.util.Date")),
    ).`as`("the Kotlin library and pure parts of the JDK")

/** Options may have an `SSLContext` or a trust manager; the engine is the transport's. */
private val tlsEngine: DescribedPredicate<JavaClass> =
    named("javax.net.ssl.SSLEngine", "javax.net.ssl.SSLEngineResult")

/** Calls that depend on time or place, into packages that [pure] allows. */
private val impure: DescribedPredicate<JavaAccess<*>> =
    DescribedPredicate.describe("a clock, a random number or a thread is asked for") { access ->
        val owner = access.targetOwner.fullName
        owner.startsWith("java.lang.Thread") ||
            (owner == "java.lang.System" && access.target.name in CLOCKS) ||
            (owner == "java.lang.Math" && access.target.name == "random")
    }

/** Standard output belongs to the application. `KotlinLogging` prints to it on its first use. */
private val printing: DescribedPredicate<JavaAccess<*>> =
    DescribedPredicate.describe("standard output is written to") { access ->
        val owner = access.targetOwner.fullName
        owner == "io.github.oshai.kotlinlogging.KotlinLogging" ||
            (owner == "java.lang.System" && access.target.name == "out")
    }

private val CLOCKS = setOf("currentTimeMillis", "nanoTime")

private fun named(vararg names: String): DescribedPredicate<JavaClass> =
    DescribedPredicate.describe("are ${names.joinToString()}") {
        it.baseComponentType.fullName in names
    }
