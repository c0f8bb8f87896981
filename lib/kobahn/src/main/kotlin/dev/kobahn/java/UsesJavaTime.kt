package dev.kobahn.java

/**
 * Marks the overloads that take or give a `java.time.Duration`, which Android has from API 26 on
 * (or desugared): the check of the library against API 24 passes over them. Each stands beside one
 * with a `TimeUnit`.
 */
@Retention(AnnotationRetention.BINARY)
@Target(AnnotationTarget.FUNCTION, AnnotationTarget.CLASS)
internal annotation class UsesJavaTime
