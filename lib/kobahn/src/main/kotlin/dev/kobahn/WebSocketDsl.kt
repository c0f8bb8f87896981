package dev.kobahn

/**
 * Marks the blocks that configure servers, clients and routes, so that an inner block does not use
 * a member of an outer one by accident.
 */
@DslMarker
@Target(AnnotationTarget.CLASS, AnnotationTarget.TYPE)
public annotation class WebSocketDsl
