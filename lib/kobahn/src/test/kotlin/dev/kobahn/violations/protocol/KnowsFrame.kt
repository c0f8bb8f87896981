package dev.kobahn.violations.protocol

import dev.kobahn.violations.protocol.frame.KnowsProtocol

/** Closes a cycle of packages with [KnowsProtocol]. */
internal class KnowsFrame(val frame: KnowsProtocol?)
