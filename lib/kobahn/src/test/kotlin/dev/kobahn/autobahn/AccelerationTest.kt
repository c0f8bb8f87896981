package dev.kobahn.autobahn

import dev.kobahn.protocol.Masking
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import java.io.File
import java.nio.ByteBuffer
import java.util.concurrent.TimeUnit

class AccelerationTest :
    FunSpec({
        test("payloads are masked by words unless that is turned off") {
            val masked = maskedSample()
            for ((setting, isUsed) in listOf("true" to true, "No" to false, "0" to false)) {
                resultWith(setting) shouldBe "true $isUsed $masked"
            }
            "${Acceleration.isAvailable} ${Acceleration.isUsed}" shouldBe "true true"
        }
    })

/** Returns the output of [AccelerationMain] in a JVM of its own. */
private fun resultWith(setting: String): String {
    val process = ProcessBuilder(
        File(System.getProperty("java.home"), "bin/java").path,
        "-Ddev.kobahn.acceleration=$setting",
        "-cp",
        System.getProperty("java.class.path"),
        "dev.kobahn.autobahn.AccelerationMain",
    ).redirectError(ProcessBuilder.Redirect.INHERIT).start()
    val output = process.inputStream.readBytes().decodeToString().trim()
    process.waitFor(1, TimeUnit.MINUTES)
    return output
}

private fun maskedSample(): String {
    val bytes = ByteArray(21) { it.toByte() }
    Masking.mask(ByteBuffer.wrap(bytes), 1, 20, 0x12345678, phase = 3)
    return bytes.toHexString()
}

internal object AccelerationMain {
    @JvmStatic
    fun main(arguments: Array<String>) {
        println("${Acceleration.isAvailable} ${Acceleration.isUsed} ${maskedSample()}")
    }
}
