package dev.kobahn.internal.connection

/**
 * A queue of mostly one element at most, which costs nothing but a field: only those behind it need
 * an array. Who extends it needs not even an object for it. Not thread-safe.
 */
internal open class ShortQueue<E : Any> {
    private var first: E? = null
    private var others: ArrayDeque<E>? = null

    val count: Int get() = if (first == null) 0 else 1 + (others?.size ?: 0)

    val hasNone: Boolean get() = first == null

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
