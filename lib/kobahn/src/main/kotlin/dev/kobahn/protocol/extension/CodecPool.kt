package dev.kobahn.protocol.extension

import dev.kobahn.protocol.SegmentPool

/**
 * Codecs that many connections share: each borrows one while it needs it. An event loop has one
 * pool. Thread-safe.
 *
 * @property segments arrays of [SegmentPool.SEGMENT_SIZE] bytes to work in
 * @param capacity the most unused codecs that the pool keeps of each kind; it
 * [closes][PooledCodec.close] others
 */
public class CodecPool(public val segments: SegmentPool, private val capacity: Int) {
    /** A pool that keeps nothing: for a codec that no other connection shares. */
    public constructor() : this(SegmentPool.NONE, 0)

    private val free = HashMap<Any, ArrayDeque<PooledCodec>>()
    private var closed = false

    /** Returns an unused codec of this [kind], or null if there is none. */
    public fun take(kind: Any): PooledCodec? = synchronized(free) { free[kind]?.removeLastOrNull() }

    /** Takes back [codec], which must be as good as new, as one of this [kind]. */
    public fun give(kind: Any, codec: PooledCodec) {
        val isKept = synchronized(free) {
            val others = free.getOrPut(kind) { ArrayDeque() }
            (!closed && others.size < capacity).also { if (it) others.addLast(codec) }
        }
        if (!isKept) codec.close()
    }

    /** Closes all unused codecs, and from now on every codec that is given back. */
    public fun close() {
        val kept = synchronized(free) {
            closed = true
            free.values.flatten().also { free.clear() }
        }
        kept.forEach { it.close() }
    }
}

/** A reusable codec with memory outside of the JVM's heap. */
public interface PooledCodec {
    /** Frees the memory. */
    public fun close()
}
