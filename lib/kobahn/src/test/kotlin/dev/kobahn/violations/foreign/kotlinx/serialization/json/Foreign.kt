package dev.kobahn.violations.foreign.kotlinx.serialization.json

/** Stands in for a class of an optional dependency. */
internal class Foreign
