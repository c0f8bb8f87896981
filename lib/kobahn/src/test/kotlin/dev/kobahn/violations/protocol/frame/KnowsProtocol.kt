package dev.kobahn.violations.protocol.frame

import dev.kobahn.violations.protocol.KnowsFrame

/** Closes a cycle of packages with [KnowsFrame]. */
internal class KnowsProtocol(val protocol: KnowsFrame?)
