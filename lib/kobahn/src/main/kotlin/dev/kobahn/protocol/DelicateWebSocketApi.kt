package dev.kobahn.protocol

/**
 * Marks the low-level door: what sends octets without any check, so that a peer may be told things
 * RFC 6455 forbids. For tests of peers.
 */
@RequiresOptIn("This sends what the RFC forbids as well. It is made for tests of peers.")
@Retention(AnnotationRetention.BINARY)
@Target(AnnotationTarget.FUNCTION)
public annotation class DelicateWebSocketApi
