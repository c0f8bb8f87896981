package dev.kobahn.java

/**
 * Marks the overloads with a `java.time.Duration`, a class that Android has from API 26 on (or
 * desugared). The check of the library against API 24 skips them. Each has a sibling with a
 * `TimeUnit`.
 */
@Retention(AnnotationRetention.BINARY)
@Target(AnnotationTarget.FUNCTION, AnnotationTarget.CLASS)
internal annotation class UsesJavaTime
