package dev.kobahn.codec

import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import java.util.concurrent.Callable

/** The codecs where their libraries are not there, or have no native part for the platform. */
class CodecLibraryTest :
    FunSpec({
        test("a compression whose library is missing is neither offered nor accepted") {
            withoutLibraries("ListsCompressions") shouldBe "[]"
        }

        test("asking for a compression whose library is missing names the artifact") {
            withoutLibraries("AsksForCompressions") shouldBe listOf(
                "permessage-bzip2 needs the dependency org.apache.commons:commons-compress",
                "permessage-snappy needs the dependency org.xerial.snappy:snappy-java",
                "permessage-brotli needs the dependency " +
                    "com.aayushatharva.brotli4j:brotli4j, with its native library for this platform",
            ).flatMap { listOf(it, it) }.joinToString("\n")
        }
    })

private fun withoutLibraries(name: String): Any {
    val hidden = listOf("org.apache.commons.", "org.xerial.", "com.aayushatharva.")
    val loader = LoaderWithout(hidden, CodecLibraryTest::class.java.classLoader)
    val task = loader.loadClass("dev.kobahn.codec.$name").getDeclaredConstructor().newInstance()
    return (task as Callable<*>).call()
}

/** Loads our own classes anew, and nothing from the packages that begin with one of [hidden]. */
private class LoaderWithout(private val hidden: List<String>, parent: ClassLoader) :
    ClassLoader(parent) {
    override fun loadClass(name: String, resolve: Boolean): Class<*> =
        synchronized(getClassLoadingLock(name)) {
            when {
                hidden.any(name::startsWith) -> throw ClassNotFoundException(name)
                name.startsWith("dev.kobahn.") -> findLoadedClass(name) ?: define(name)
                else -> super.loadClass(name, resolve)
            }
        }

    private fun define(name: String): Class<*> {
        val file = parent.getResourceAsStream(name.replace('.', '/') + ".class")
            ?: throw ClassNotFoundException(name)
        val bytes = file.use { it.readBytes() }
        return defineClass(name, bytes, 0, bytes.size)
    }
}
