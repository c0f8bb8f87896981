package dev.kobahn

import io.kotest.assertions.fail
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.string.shouldNotContain
import java.io.File
import java.util.ServiceLoader
import org.jetbrains.kotlin.abi.tools.AbiFilters
import org.jetbrains.kotlin.abi.tools.AbiTools
import org.jetbrains.kotlin.abi.tools.AbiToolsFactory

/**
 * The public API of the module that is being tested. It is written down in `api/<module>.api`, and
 * a test of each module fails on any difference. `-Dapi.update=true` writes the file anew.
 */
class PublicApi(val module: String) {
    val recorded = File("api/$module.api")
    private val tools: AbiTools = ServiceLoader.load(AbiToolsFactory::class.java).first().get()

    fun dump(): String {
        val classes = File("target/classes").walk().filter { it.extension == "class" }
        val everything = AbiFilters(emptySet(), emptySet(), emptySet(), emptySet())
        return buildString {
            tools.printJvmDump(this, classes.sortedBy { it.path }.toList(), everything)
        }
    }

    /** The lines that differ between the recorded API and [dump], which [file] gets, or null. */
    fun difference(dump: String, file: File = File("target/$module.api")): String? =
        tools.filesDiff(recorded, file.apply { writeText(dump) })
}

/** The tests of [api], which has the class [known], a path below `dev/kobahn`. */
fun FunSpec.apiDumpTests(api: PublicApi, known: String) {
    test("the public API is the one in api/${api.module}.api") {
        val dump = api.dump()
        if (System.getProperty("api.update").toBoolean()) {
            api.recorded.parentFile.mkdirs()
            api.recorded.writeText(dump)
        }
        api.difference(dump)?.let { difference ->
            fail(
                "the public API changed; if that is meant, run with -Dapi.update=true\n$difference",
            )
        }
    }

    test("the dump has the public declarations and no internal ones") {
        val dump = api.dump()
        dump shouldContain "dev/kobahn/$known "
        dump shouldNotContain "dev/kobahn/internal/"
    }

    test("a changed declaration is shown with both its lines") {
        val changed = api.dump().replace("class dev/kobahn/$known ", "class Other ")
        val difference = api.difference(changed, File("target/${api.module}-changed.api"))
            ?: fail("no difference was found")
        difference shouldContain Regex("-public .*class dev/kobahn/$known ")
        difference shouldContain Regex("\\+public .*class Other ")
    }
}
