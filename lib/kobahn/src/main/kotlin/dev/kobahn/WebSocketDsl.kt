package dev.kobahn

/** Marks the blocks that configure servers, clients and routes, so that one does not reach into another by accident. */
@DslMarker
@Target(AnnotationTarget.CLASS, AnnotationTarget.TYPE)
public annotation class WebSocketDsl
