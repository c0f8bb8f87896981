package dev.kobahn.violations.foreign.org.brotli.dec

/** Stands in for a class of an optional dependency. */
internal class Foreign
