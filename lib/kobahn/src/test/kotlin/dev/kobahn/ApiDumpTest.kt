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
 * Public means forever: what the library offers is written down in `api/kobahn.api`, and this test
 * fails on any difference. `-Dapi.update=true` writes the file anew.
 */
class ApiDumpTest :
    FunSpec({
        test("the public API is the one in api/kobahn.api") {
            val actual = File("target/kobahn.api").apply { writeText(publicApi()) }
            if (System.getProperty(
                    "api.update",
                ).toBoolean()
            ) {
                actual.copyTo(recorded, overwrite = true)
            }
            tools.filesDiff(recorded, actual)?.let { difference ->
                fail(
                    "the public API changed; if that is meant, run with -Dapi.update=true\n$difference",
                )
            }
        }

        test("the dump has the public declarations and no internal ones") {
            val dump = publicApi()
            dump shouldContain "public final class dev/kobahn/protocol/OctetQueue"
            dump shouldNotContain "dev/kobahn/internal/"
        }

        test("a changed declaration is shown with both its lines") {
            val changed = File("target/kobahn-changed.api")
            changed.writeText(publicApi().replace("protocol/OctetQueue {", "protocol/OctetRow {"))
            val difference = tools.filesDiff(recorded, changed) ?: fail("no difference was found")
            difference shouldContain "-public final class dev/kobahn/protocol/OctetQueue {"
            difference shouldContain "+public final class dev/kobahn/protocol/OctetRow {"
        }
    })

private val recorded = File("api/kobahn.api")

private val tools: AbiTools = ServiceLoader.load(AbiToolsFactory::class.java).first().get()

private fun publicApi(): String {
    val classes = File("target/classes").walk().filter { it.extension == "class" }
    val everything = AbiFilters(emptySet(), emptySet(), emptySet(), emptySet())
    return buildString {
        tools.printJvmDump(this, classes.sortedBy { it.path }.toList(), everything)
    }
}
