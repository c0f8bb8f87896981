package dev.kobahn.protocol

/**
 * Marks declarations that send bytes without any check, also those that RFC 6455 forbids. They are
 * meant for tests of peers.
 */
@RequiresOptIn("This sends what the RFC forbids as well. It is made for tests of peers.")
@Retention(AnnotationRetention.BINARY)
@Target(AnnotationTarget.FUNCTION, AnnotationTarget.PROPERTY, AnnotationTarget.CLASS)
public annotation class DelicateWebSocketApi
