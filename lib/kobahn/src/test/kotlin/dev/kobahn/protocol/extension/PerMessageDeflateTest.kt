package dev.kobahn.protocol.extension

import dev.kobahn.protocol.handshake.rules
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.nulls.shouldBeNull
import io.kotest.matchers.shouldBe
import io.kotest.matchers.shouldNotBe
import io.kotest.matchers.types.shouldBeInstanceOf
import java.util.function.Consumer

private const val DEFLATE = "permessage-deflate"
private const val NARROW_SERVER = "server_no_context_takeover; server_max_window_bits=10"
private const val NARROW_CLIENT = "client_no_context_takeover; client_max_window_bits=9"

/** Offers and answers of permessage-deflate with wishes, without a connection. */
class PerMessageDeflateTest :
    FunSpec({
        val plain = PerMessageDeflate()
        val narrow = PerMessageDeflate {
            serverNoContextTakeover = true
            clientNoContextTakeover = true
            serverMaxWindowBits = 10
            clientMaxWindowBits = 9
        }
        val narrowClient = PerMessageDeflate {
            clientNoContextTakeover = true
            clientMaxWindowBits = 9
        }

        context("a server grants the client's wishes and answers with its own") {
            rules(
                Triple("a browser's offer", plain to "$DEFLATE; client_max_window_bits", DEFLATE),
                Triple("the first offer", plain to "$DEFLATE; a, $DEFLATE, $DEFLATE", DEFLATE),
                Triple(
                    "what is asked for",
                    plain to "$DEFLATE; $NARROW_SERVER",
                    "$DEFLATE; $NARROW_SERVER",
                ),
                Triple(
                    "what the client says of itself needs no answer",
                    plain to "$DEFLATE; client_no_context_takeover; client_max_window_bits=8",
                    DEFLATE,
                ),
                Triple(
                    "every wish",
                    narrow to "$DEFLATE; client_max_window_bits",
                    "$DEFLATE; $NARROW_SERVER; $NARROW_CLIENT",
                ),
                Triple(
                    "every wish the client can keep",
                    narrow to DEFLATE,
                    "$DEFLATE; $NARROW_SERVER; client_no_context_takeover",
                ),
                Triple(
                    "the smaller window of the server's",
                    narrow to "$DEFLATE; server_max_window_bits=9",
                    "$DEFLATE; server_no_context_takeover; server_max_window_bits=9; " +
                        "client_no_context_takeover",
                ),
                Triple(
                    "its own smaller window",
                    narrow to "$DEFLATE; server_max_window_bits=15",
                    "$DEFLATE; $NARROW_SERVER; client_no_context_takeover",
                ),
                Triple(
                    "the smaller window of the client's",
                    narrow to "$DEFLATE; client_max_window_bits=8",
                    "$DEFLATE; $NARROW_SERVER; client_no_context_takeover; " +
                        "client_max_window_bits=8",
                ),
                Triple(
                    "a window of 8",
                    PerMessageDeflate { serverMaxWindowBits = 8 } to DEFLATE,
                    "$DEFLATE; server_max_window_bits=8",
                ),
            ) { (_, exchange, answer) ->
                val (server, offers) = exchange
                server.accept(elements(offers))?.header.toString() shouldBe answer
            }
        }

        test("a server without an offer it can read accepts none") {
            plain.accept(elements("x-reverse, $DEFLATE; server_max_window_bits=7")).shouldBeNull()
        }

        context("a client offers its wishes first, then the same without any for the server") {
            val client = "client_no_context_takeover; client_max_window_bits=9"
            rules(
                "$DEFLATE; client_max_window_bits" to plain,
                "$DEFLATE; $client" to narrowClient,
                "$DEFLATE; $client; $NARROW_SERVER, $DEFLATE; $client" to narrow,
                "$DEFLATE; client_max_window_bits; server_max_window_bits=8, " +
                    "$DEFLATE; client_max_window_bits" to
                    PerMessageDeflate { serverMaxWindowBits = 8 },
            ) { (text, client) -> ExtensionHeader.format(client.offers) shouldBe text }
        }

        context("a client adopts the answer and keeps to its own offer") {
            rules(
                Triple("nothing asked", plain to DEFLATE, "15 false false"),
                Triple("all asked", plain to "$DEFLATE; $NARROW_CLIENT", "9 true false"),
                Triple(
                    "what the server does",
                    plain to "$DEFLATE; $NARROW_SERVER",
                    "15 false true",
                ),
                Triple("its own wishes", narrow to DEFLATE, "9 true false"),
                Triple(
                    "less than its own wishes",
                    narrow to "$DEFLATE; client_max_window_bits=8",
                    "8 true false",
                ),
            ) { (_, exchange, settings) ->
                val (client, answer) = exchange
                val agreed = client.confirm(elements(answer).single())
                val agreedSettings = agreed.shouldBeInstanceOf<AgreedDeflate>().parameters
                with(agreedSettings) {
                    "$sendWindowBits $sendNoContextTakeover $receiveNoContextTakeover"
                } shouldBe settings
            }
        }

        test("the agreements of both ends fit together") {
            val server = PerMessageDeflate {
                serverMaxWindowBits = 11
                clientNoContextTakeover = true
            }
            val client = PerMessageDeflate {
                serverMaxWindowBits = 12
                clientMaxWindowBits = 10
            }
            val there = server.accept(client.offers).shouldBeInstanceOf<AgreedDeflate>()
            val here = client.confirm(there.header).shouldBeInstanceOf<AgreedDeflate>()
            there.header.toString() shouldBe
                "$DEFLATE; server_max_window_bits=11; client_no_context_takeover"
            here.header shouldBe there.header
            here.parameters.sendNoContextTakeover shouldBe there.parameters.receiveNoContextTakeover
            here.parameters.receiveNoContextTakeover shouldBe there.parameters.sendNoContextTakeover
        }

        test("the values that each end chooses for itself are the same in both roles") {
            val own = PerMessageDeflate {
                compressionLevel = 1
                memLevel = 2
                threshold = 3
                maxInflateRatio = 4
                maxMessageSize = 5
            }
            val header = ExtensionHeader(DEFLATE)
            for (agreed in listOf(own.accept(listOf(header)), own.confirm(header))) {
                agreed.shouldBeInstanceOf<AgreedDeflate>()
                agreed.parameters.compressionLevel shouldBe 1
                agreed.parameters.memLevel shouldBe 2
                agreed.parameters.threshold shouldBe 3
                agreed.maxExpansion shouldBe 4
                agreed.maxMessageSize shouldBe 5
            }
        }

        context("a value out of range is refused by name, value and range") {
            rules<Pair<String, () -> Any>>(
                "serverMaxWindowBits is 7, must be 8 to 15" to
                    { PerMessageDeflate { serverMaxWindowBits = 7 } },
                "clientMaxWindowBits is 16, must be 8 to 15" to
                    { PerMessageDeflate { clientMaxWindowBits = 16 } },
                "memLevel is 0, must be 1 to 9" to { PerMessageDeflate { memLevel = 0 } },
            ) { (message, make) ->
                shouldThrow<IllegalArgumentException> { make() }.message shouldBe message
            }
        }

        test("a change of the options that are read or were set changes nothing") {
            lateinit var kept: PerMessageDeflateOptions
            val deflate = PerMessageDeflate(Consumer { kept = it.also { it.memLevel = 4 } })
            deflate.options.memLevel = 6
            deflate.options.serverMaxWindowBits = 9
            deflate shouldBe PerMessageDeflate { memLevel = 4 }
            kept.memLevel shouldBe 4
        }

        test("instances with the same wishes are equal") {
            plain shouldBe PerMessageDeflate { threshold = 64 }
            plain.hashCode() shouldBe PerMessageDeflate().hashCode()
            plain shouldNotBe narrow
            narrow.toString() shouldBe
                "$DEFLATE {server_no_context_takeover=true, client_no_context_takeover=true, " +
                "server_max_window_bits=10, client_max_window_bits=9, compression_level=-1, " +
                "mem_level=5, threshold=64, max_inflate_ratio=256, max_message_size=0}"
        }
    })
