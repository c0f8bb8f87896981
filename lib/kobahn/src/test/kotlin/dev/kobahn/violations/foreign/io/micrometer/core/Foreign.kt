package dev.kobahn.violations.foreign.io.micrometer.core

/** Stands in for a class of an optional dependency. */
internal class Foreign
