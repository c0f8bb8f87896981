package dev.kobahn.violations.foreign.org.apache.commons.compress.compressors.bzip2

/** Stands in for a class of an optional dependency. */
internal class Foreign
