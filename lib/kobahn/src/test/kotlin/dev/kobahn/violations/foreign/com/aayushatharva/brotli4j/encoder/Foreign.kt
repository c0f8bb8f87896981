package dev.kobahn.violations.foreign.com.aayushatharva.brotli4j.encoder

/** Stands in for a class of an optional dependency. */
internal class Foreign
