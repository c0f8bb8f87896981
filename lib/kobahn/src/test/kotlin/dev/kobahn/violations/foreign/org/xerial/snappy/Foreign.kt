package dev.kobahn.violations.foreign.org.xerial.snappy

/** Stands in for a class of an optional dependency. */
internal class Foreign
