package dev.kobahn.benchmarks

/** One way to put peers to work. */
sealed class Scenario(val name: String, val about: String) {
    /** The unit that costs are divided by. */
    open val unit: String get() = "message"

    /** Whether connections are encrypted: TLS 1.3 with AES-128-GCM, EC P-256 certificates. */
    open val tls: Boolean get() = false

    /** How many threads serve connections, with a core for each as far as there are some. */
    open val loops: Int get() = 1

    /** [connections] that each keep [inFlight] messages under way. */
    class Echo(
        name: String,
        about: String,
        val connections: Int,
        val inFlight: Int,
        val payload: Payload,
        val compressed: Boolean = false,
        override val tls: Boolean = false,
    ) : Scenario(name, about)

    /** As [Echo], to be compared with itself where the server has another number of [loops]. */
    class Loops(name: String, about: String, override val loops: Int, val echo: Echo) :
        Scenario(name, about)

    /**
     * [connections] of which [atOnce] have a message under way, each in its turn: what is ready at
     * a time does not depend on how many there are.
     */
    class Rounds(
        name: String,
        about: String,
        val connections: Int,
        val atOnce: Int,
        val payload: Payload,
    ) : Scenario(name, about)

    /** Connections that are opened and closed, [atOnce] of them at a time. */
    class Handshake(
        name: String,
        about: String,
        val atOnce: Int,
        override val tls: Boolean = false,
        /** Whether a connection resumes the TLS session of the one before in its place. */
        val resumed: Boolean = false,
    ) : Scenario(name, about) {
        override val unit: String get() = "connection"
    }

    /** The memory of [connections] that are idle. */
    class Idle(
        name: String,
        about: String,
        val connections: Int,
        override val tls: Boolean = false,
    ) : Scenario(name, about) {
        override val unit: String get() = "connection"
    }

    /** Each message of one connection to all [connections]. */
    class Broadcast(name: String, about: String, val connections: Int, val payload: Payload) :
        Scenario(name, about) {
        override val unit: String get() = "delivery"
    }

    /** As [Echo], but what is measured is a client. */
    class Client(
        name: String,
        about: String,
        val connections: Int,
        val inFlight: Int,
        val size: Int,
    ) : Scenario(name, about)

    companion object {
        /** The scenarios of a run, in their order. */
        val ALL: List<Scenario> = listOf(
            Echo(
                "ping-pong",
                "64 connections, text of 32 B, one at a time",
                64,
                1,
                Payload.ascii(32),
            ),
            Echo(
                "many",
                "1,000 connections, text of 128 B, one at a time",
                1_000,
                1,
                Payload.ascii(128),
            ),
            Echo(
                "pipelined",
                "16 connections, text of 32 B, 64 under way each",
                16,
                64,
                Payload.ascii(32),
            ),
            Echo(
                "large",
                "8 connections, binary of 64 KiB, one at a time",
                8,
                1,
                Payload.binary(65_536),
            ),
            Echo(
                "utf8",
                "8 connections, text of 4 KiB beyond ASCII",
                8,
                1,
                Payload.nonAscii(4_096),
            ),
            Echo(
                "json-deflate",
                "64 connections, JSON of 1 KiB, permessage-deflate with context takeover",
                64,
                1,
                Payload.json(1_024),
                compressed = true,
            ),
            Handshake("handshake", "connect, upgrade, close; 64 connections at a time", 64),
            Broadcast("broadcast-200", "text of 128 B to 200 connections", 200, Payload.ascii(128)),
            Broadcast(
                "broadcast-1000",
                "text of 128 B to 1,000 connections",
                1_000,
                Payload.ascii(128),
            ),
            Idle("idle", "memory of 10,000 connections at rest", 10_000),
            Echo(
                "tls-ping-pong",
                "64 connections over TLS, text of 32 B, one at a time",
                64,
                1,
                Payload.ascii(32),
                tls = true,
            ),
            Echo(
                "tls-pipelined",
                "16 connections over TLS, text of 32 B, 64 under way each",
                16,
                64,
                Payload.ascii(32),
                tls = true,
            ),
            Echo(
                "tls-large",
                "8 connections over TLS, binary of 64 KiB, one at a time",
                8,
                1,
                Payload.binary(65_536),
                tls = true,
            ),
            Handshake("tls-handshake", "as handshake, over TLS", 16, tls = true),
            Handshake(
                "tls-resumed",
                "as handshake, over TLS, each session resumed",
                16,
                tls = true,
                resumed = true,
            ),
            Idle("tls-idle", "memory of 5,000 connections over TLS at rest", 5_000, tls = true),
            Client("client-ping-pong", "a client with 64 connections, text of 32 B", 64, 1, 32),
            Client(
                "client-pipelined",
                "a client with 16 connections, 64 under way each",
                16,
                64,
                32,
            ),
        )
    }
}
