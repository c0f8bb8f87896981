package dev.kobahn.codec.violations

import dev.kobahn.WebSocketServer

/** Breaks the rule of [dev.kobahn.codec.CodecArchitectureTest] on purpose. */
internal class KnowsServer(val server: WebSocketServer)
