package dev.kobahn.internal.connection

/**
 * A queue of mostly one element at most: only the elements behind the first need an array. Saves a
 * connection at rest the 80 bytes of an `ArrayDeque` that was used once. Not thread-safe.
 */
internal class ShortQueue<E : Any> {
    private var first: E? = null
    private var others: ArrayDeque<E>? = null

    val count: Int get() = if (first == null) 0 else 1 + (others?.size ?: 0)

    val isEmpty: Boolean get() = first == null

    fun addLast(element: E) {
        if (first == null) first = element else others().addLast(element)
    }

    fun addFirst(element: E) {
        first?.let(others()::addFirst)
        first = element
    }

    private fun others() = others ?: ArrayDeque<E>().also { others = it }

    fun removeFirstOrNull(): E? = first.also { first = others?.removeFirstOrNull() }

    fun clear() {
        first = null
        others = null
    }
}
