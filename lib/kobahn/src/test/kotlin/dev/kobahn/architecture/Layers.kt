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

/**
 * Which package may know which, as rules over the tree below the package [root]. With another root
 * the same rules judge a tree of deliberate violations. Packages are named in full:
 * `dev.kobahn.java..`, never `..java..`.
 */
internal class Layers(private val root: String) {
    /** Every rule by its name. */
    val rules: Map<String, ArchRule> = mapOf(
        "the protocol depends on itself, the Kotlin library and pure parts of the JDK" to
            classes().that(liveIn("protocol"))
                .should().onlyDependOnClassesThat(liveIn("protocol").or(pure)),
        "the protocol reads no clock, takes no random number and starts no thread" to
            noClasses().that(liveIn("protocol")).should().accessTargetWhere(impure),
        "nobody but the transport knows Ktor, channels and the TLS engine" to
            noClasses().that(resideInAPackage("$root..").and(not(liveIn("internal.transport"))))
                .should().dependOnClassesThat(
                    resideInAnyPackage("io.ktor..", "java.nio.channels..", "javax.net.ssl.."),
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

/** What the protocol may use: values, collections, buffers, charsets, deflate and digests. */
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
            // Counters that have one writer and any reader; they neither wait nor schedule.
            "java.util.concurrent.atomic.AtomicLong",
            "java.util.concurrent.atomic.AtomicLongFieldUpdater",
        ),
    ).and(
        not(named("java.util.Random", "java.util.Timer", "java.util.UUID", "java.util.Date")),
    ).`as`("the Kotlin library and pure parts of the JDK")

/** Calls into `java.lang` that [pure] lets through although they depend on when and where. */
private val impure: DescribedPredicate<JavaAccess<*>> =
    DescribedPredicate.describe("a clock, a random number or a thread is asked for") { access ->
        val owner = access.targetOwner.fullName
        owner.startsWith("java.lang.Thread") ||
            (owner == "java.lang.System" && access.target.name in CLOCKS) ||
            (owner == "java.lang.Math" && access.target.name == "random")
    }

/** Standard output is the application's. `KotlinLogging` announces itself there. */
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
