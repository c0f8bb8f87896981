package dev.kobahn.architecture

import com.tngtech.archunit.core.domain.AccessTarget
import com.tngtech.archunit.core.domain.JavaAccess
import com.tngtech.archunit.core.domain.JavaClass
import com.tngtech.archunit.core.domain.JavaClasses
import com.tngtech.archunit.core.domain.JavaCodeUnit
import com.tngtech.archunit.core.domain.JavaMethod
import com.tngtech.archunit.core.importer.ClassFileImporter
import com.tngtech.archunit.core.importer.Location
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldBeEmpty
import io.kotest.matchers.collections.shouldContain
import io.ktor.network.sockets.Socket
import io.ktor.utils.io.ByteReadChannel
import java.io.File
import java.time.Instant
import org.codehaus.mojo.animal_sniffer.Clazz
import org.codehaus.mojo.animal_sniffer.SignatureChecker

/**
 * The Android check of the build reads the library's own classes. This test follows a client into
 * Ktor, and finds the API of the JDK that it uses there.
 */
class AndroidReachTest :
    FunSpec({
        val classes = ClassFileImporter().importLocations(
            listOf(Location.of(File("target/classes").toPath())) +
                listOf(Socket::class, ByteReadChannel::class)
                    .map { Location.of(it.java.protectionDomain.codeSource.location) },
        )
        val android = AndroidApi(File("target/android/gummy-bears-api-24.signature"))

        test("a client reaches nothing in Ktor that Android API 24 lacks") {
            val reached = Reach(classes).apply {
                classes.filter { it.packageName == "dev.kobahn.internal.client" }
                    .flatMap { it.codeUnits }.forEach(::add)
            }
            val inKtor = reached.platformAccesses()
                .filter { it.originOwner.packageName.startsWith("io.ktor") }
            inKtor.map { it.targetOwner.name } shouldContain "java.nio.channels.SocketChannel"
            inKtor.filterNot(android::has).map { it.description }.sorted().shouldBeEmpty()
        }

        test("the API is not complete") {
            val newer = ClassFileImporter().importClasses(UsesInstant::class.java)
                .flatMap { it.accessesFromSelf }.filter { it.targetOwner.isPlatform }
            newer.filterNot(android::has).map { it.targetOwner.name } shouldContain
                Instant::class.java.name
        }
    })

private class UsesInstant {
    fun now(): Instant = Instant.now()
}

private val JavaClass.isPlatform get() = name.startsWith("java.") || name.startsWith("javax.")

/** The code that can run, from what was added on. Finds too much rather than too little. */
private class Reach(private val classes: JavaClasses) {
    private val reached = LinkedHashSet<JavaCodeUnit>()
    private val instantiated = HashSet<JavaClass>()

    fun add(first: JavaCodeUnit) {
        val waiting = ArrayDeque(listOf(first))
        while (true) {
            val unit = waiting.removeFirstOrNull() ?: return
            if (!reached.add(unit)) continue
            unit.owner.staticInitializer.ifPresent(waiting::add)
            if (unit.isConstructor) waiting.addAll(callbacks(unit.owner))
            unit.accessesFromSelf.forEach { waiting.addAll(targets(it.target)) }
        }
    }

    /** An object's methods can be called through its supertypes. */
    private fun callbacks(owner: JavaClass): List<JavaCodeUnit> {
        if (!instantiated.add(owner)) return emptyList()
        val supertypes = owner.allRawSuperclasses + owner.allRawInterfaces
        return owner.methods.filter { method -> supertypes.any { it.declares(method) } }
    }

    private fun JavaClass.declares(method: JavaMethod) = tryGetMethod(
        method.name,
        *method.rawParameterTypes.map { it.name }.toTypedArray(),
    ).isPresent

    private fun targets(target: AccessTarget): List<JavaCodeUnit> {
        val owner = target.owner
        val initializer = listOfNotNull(owner.staticInitializer.orElse(null))
        if (owner.name !in names) return initializer
        val member = (target as? AccessTarget.CodeUnitCallTarget)?.resolveMember()?.orElse(null)
        return initializer + listOfNotNull(member)
    }

    private val names = classes.mapTo(HashSet()) { it.name }

    /** The uses of the JDK in the code that can run. */
    fun platformAccesses(): List<JavaAccess<*>> =
        reached.flatMap { it.accessesFromSelf }.filter { it.targetOwner.isPlatform }
}

/** The signatures of Android's API, as the Android check of the build uses them. */
private class AndroidApi(file: File) {
    private val classes: Map<String, Clazz> = file.inputStream().use(SignatureChecker::loadClasses)

    fun has(access: JavaAccess<*>): Boolean {
        val owner = access.targetOwner.name.replace('.', '/')
        return owner.startsWith("[") || declares(owner, signature(access.target))
    }

    private fun declares(owner: String, signature: String): Boolean {
        val type = classes[owner] ?: return false
        return signature in type.signatures ||
            (listOfNotNull(type.superClass) + type.superInterfaces).any { declares(it, signature) }
    }

    private fun signature(target: AccessTarget): String = when (target) {
        is AccessTarget.CodeUnitAccessTarget ->
            target.name +
                target.rawParameterTypes.joinToString("", "(", ")") { descriptor(it) } +
                descriptor(target.rawReturnType)

        is AccessTarget.FieldAccessTarget -> "${target.name}#${descriptor(target.rawType)}"

        else -> error("an access of an unknown kind: $target")
    }

    private fun descriptor(type: JavaClass): String = when (type.name) {
        "void" -> "V"

        "boolean" -> "Z"

        "byte" -> "B"

        "char" -> "C"

        "short" -> "S"

        "int" -> "I"

        "long" -> "J"

        "float" -> "F"

        "double" -> "D"

        else -> if (type.isArray) {
            type.name.replace(
                '.',
                '/',
            )
        } else {
            "L${type.name.replace('.', '/')};"
        }
    }
}
