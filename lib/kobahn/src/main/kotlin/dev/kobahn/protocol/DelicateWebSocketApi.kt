package dev.kobahn.protocol

/**
 * Marks functions that send bytes without any check, also those that RFC 6455 forbids. They are
 * meant for tests of peers.
 */
@RequiresOptIn("This sends what the RFC forbids as well. It is made for tests of peers.")
@Retention(AnnotationRetention.BINARY)
@Target(AnnotationTarget.FUNCTION)
public annotation class DelicateWebSocketApi
