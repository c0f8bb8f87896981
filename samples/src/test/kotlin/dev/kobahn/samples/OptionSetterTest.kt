package dev.kobahn.samples

import com.github.ajalt.clikt.core.UsageError
import dev.kobahn.WebSocketOptions
import dev.kobahn.WebSocketServerOptions
import dev.kobahn.protocol.extension.PerMessageDeflate
import dev.kobahn.protocol.handshake.Headers
import dev.kobahn.protocol.handshake.headersOf
import dev.kobahn.webSocketClient
import dev.kobahn.webSocketServer
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldContainAll
import io.kotest.matchers.collections.shouldNotContainAnyOf
import io.kotest.matchers.shouldBe
import io.kotest.matchers.shouldNotBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.string.shouldStartWith
import kotlin.reflect.full.memberProperties
import kotlin.time.Duration
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.CoroutineDispatcher
import kotlinx.coroutines.Dispatchers

class OptionSetterTest :
    FunSpec({
        test("a switch is true or false") {
            server("failByDrop=true") { failByDrop shouldBe true }
            server("tcpNoDelay=false") { tcpNoDelay shouldBe false }
        }

        test("a number may have a unit of bytes") {
            server("port=9001") { port shouldBe 9001 }
            server("autoFragmentSize=64KiB") { autoFragmentSize shouldBe 65536 }
            server("maxMessagePayloadSize=1MiB") { maxMessagePayloadSize shouldBe 1048576 }
            server("maxMessagePayloadSize=3GiB") { maxMessagePayloadSize shouldBe 3221225472 }
            server("maxMessagePayloadSize=0") { maxMessagePayloadSize shouldBe 0 }
        }

        test("a time has a unit") {
            server("openHandshakeTimeout=10s") { openHandshakeTimeout shouldBe 10.seconds }
            server("dropTimeout=500ms") { dropTimeout shouldBe 500.milliseconds }
        }

        test("the items of a list are separated by commas") {
            server("subprotocols=chat.v2, chat.v1") {
                subprotocols shouldBe
                    listOf("chat.v2", "chat.v1")
            }
            server("versions=13") { versions shouldBe listOf(13) }
            server("subprotocols=") { subprotocols shouldBe emptyList() }
        }

        test("text may hold blanks, commas and equals signs") {
            server("server=a, b=c") { server shouldBe "a, b=c" }
        }

        test("an empty value is none where there may be none") {
            server("server=") { server shouldBe null }
            server("externalPort=", "handlerDispatcher=") {
                externalPort shouldBe null
                handlerDispatcher shouldBe null
            }
        }

        test("header fields add up") {
            server("headers=X-One: 1", "headers=X-Two: a: b") {
                headers shouldBe headersOf("X-One" to "1", "X-Two" to "a: b")
            }
        }

        test("a dispatcher has a name") {
            server("handlerDispatcher=io") { handlerDispatcher shouldBe Dispatchers.IO }
        }

        test("compression is on, off, or as wished") {
            server("perMessageDeflate=true") { perMessageDeflate shouldBe PerMessageDeflate() }
            server("perMessageDeflate=true", "perMessageDeflate=false") {
                perMessageDeflate shouldBe null
            }
            server("perMessageDeflate=serverMaxWindowBits=10; clientNoContextTakeover") {
                perMessageDeflate shouldBe PerMessageDeflate {
                    serverMaxWindowBits = 10
                    clientNoContextTakeover = true
                }
            }
            error("perMessageDeflate=serverMaxWindowBits=7") shouldBe
                "perMessageDeflate: serverMaxWindowBits is 7, must be 8 to 15"
            error("perMessageDeflate=threshold=x") shouldStartWith "perMessageDeflate: \"x\" is not"
            error("perMessageDeflate=windowBits=9") shouldStartWith
                "perMessageDeflate: there is no \"windowBits\"; there are clientMaxWindowBits, "
        }

        test("the last value of an option holds") {
            server("port=1", "port=2") { port shouldBe 2 }
        }

        test("a client has its own options") {
            webSocketClient {
                OptionSetter.CLIENT.setAll(this, listOf("origin=http://a", "maxFramePayloadSize=5"))
                origin shouldBe "http://a"
                maxFramePayloadSize shouldBe 5
            }
        }

        test("every option that is no callback can be set, the shared ones too") {
            val names = OptionSetter.SERVER.names
            names shouldContainAll listOf("host", "allowedOrigins", "autoFragmentSize")
            names shouldNotContainAnyOf
                listOf("isFrozen", "values", "onConnect", "handler", "routes")
        }

        test("every option of a server is set by its name") {
            webSocketServer { shouldBeSetByName(this, OptionSetter.SERVER) }
        }

        test("every option of a client is set by its name") {
            webSocketClient { shouldBeSetByName(this, OptionSetter.CLIENT) }
        }

        test("an unknown name is a usage error that lists the names") {
            val error = shouldThrow<UsageError> { server("prot=1") {} }
            error.paramName shouldBe "--option"
            error.message shouldStartWith "there is no option \"prot\""
            error.message shouldContain "maxMessagePayloadSize=number[KiB|MiB|GiB]"
        }

        test("a value that cannot be read is a usage error that names the option") {
            error("port=x") shouldBe
                "port: \"x\" is not a number, such as 65536, 64KiB, 1MiB or 2GiB"
            error("failByDrop=yes") shouldBe "failByDrop: \"yes\" is neither true nor false"
            error("dropTimeout=10") shouldBe
                "dropTimeout: \"10\" is not a time, such as 10s, 500ms or 1m 30s"
            error("autoFragmentSize=3GiB") shouldBe "autoFragmentSize: \"3GiB\" is too large"
            error("maxFramePayloadSize=9999999999GiB") shouldBe
                "maxFramePayloadSize: \"9999999999GiB\" is too large"
            error("headers=none") shouldBe
                "headers: \"none\" is not a header, such as X-Name: value"
            error("port") shouldBe "\"port\" is not of the form name=value"
        }

        test("a value that the option refuses is a usage error with the option's own words") {
            error("port=70000") shouldBe "port is 70000, must be 0 (any free one) to 65535"
        }
    })

private fun server(vararg assignments: String, check: WebSocketServerOptions.() -> Unit) {
    webSocketServer {
        OptionSetter.SERVER.setAll(this, assignments.toList())
        check()
    }
}

private fun <T : WebSocketOptions> shouldBeSetByName(options: T, setter: OptionSetter<T>) {
    val properties = options::class.memberProperties.associateBy { it.name }
    for (name in setter.names) {
        val property = properties.getValue(name)
        val before = property.getter.call(options)
        val text = SAMPLES[name] ?: sample(before, property.returnType.classifier)
        setter.setAll(options, listOf("$name=$text"))
        withClue("$name=$text") { property.getter.call(options) shouldNotBe before }
    }
}

/** Values of options that do not take any of their type. */
private val SAMPLES = mapOf(
    "subprotocols" to "chat.v2, chat.v1",
    "versions" to "8",
    "version" to "8",
    "trustedProxies" to "203.0.113.0/24",
    "proxyProtocolFrom" to "203.0.113.0/24",
    "maxRedirects" to "7",
)

/** A value of [type] that no option has at first. */
private fun sample(before: Any?, type: Any?): String = when (type) {
    Boolean::class -> (before == false).toString()
    Int::class, Long::class -> "77"
    Duration::class -> "1234ms"
    List::class -> "https://a.example:443"
    Headers::class -> "X-Name: value"
    CoroutineDispatcher::class -> "io"
    PerMessageDeflate::class -> "true"
    else -> "text"
}

private fun error(assignment: String): String =
    shouldThrow<UsageError> { server(assignment) {} }.message.orEmpty()
