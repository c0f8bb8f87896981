package dev.kobahn.samples.browser

import io.kotest.assertions.nondeterministic.eventually
import io.kotest.assertions.withClue
import io.kotest.matchers.shouldBe
import kotlin.time.Duration.Companion.seconds
import kotlinx.serialization.json.JsonNull
import kotlinx.serialization.json.JsonPrimitive
import kotlinx.serialization.json.jsonObject
import kotlinx.serialization.json.put

/** A page in the [browser]. */
internal class Tab(private val browser: Browser, private val session: String) {
    /** The value of the JavaScript [expression], a promise's once it is kept, as text. */
    suspend fun evaluate(expression: String): String {
        val answer = browser.call("Runtime.evaluate", session) {
            put("expression", expression)
            put("awaitPromise", true)
            put("returnByValue", true)
        }
        check("exceptionDetails" !in answer) { "$expression: $answer" }
        return (answer.getValue("result").jsonObject["value"] as? JsonPrimitive ?: JsonNull).content
    }

    /** Waits until the JavaScript [expression] has this [value]. */
    suspend fun awaitValue(expression: String, value: String) = eventually(30.seconds) {
        withClue(expression) { evaluate(expression) shouldBe value }
    }
}
