package dev.kobahn.protocol.extension

import dev.kobahn.protocol.SegmentPool

/**
 * What the codecs of many connections borrow while they need it: an event loop has one. Safe to use
 * from several threads.
 *
 * @property segments arrays of [SegmentPool.SEGMENT_SIZE] octets to work in
 * @param capacity how many unused codecs of each kind are kept at most; more are [closed][PooledCodec.close]
 */
public class CodecPool
@JvmOverloads
constructor(
    public val segments: SegmentPool = SegmentPool.NONE,
    private val capacity: Int = 0,
) {
    private val free = HashMap<Any, ArrayDeque<PooledCodec>>()
    private var closed = false

    /** A codec that was given back as one of this [kind], or null if none is free. */
    public fun take(kind: Any): PooledCodec? = synchronized(free) { free[kind]?.removeLastOrNull() }

    /** Takes [codec] back, which must be as good as new, as one of this [kind]. */
    public fun give(kind: Any, codec: PooledCodec) {
        val isKept = synchronized(free) {
            val others = free.getOrPut(kind) { ArrayDeque() }
            (!closed && others.size < capacity).also { if (it) others.addLast(codec) }
        }
        if (!isKept) codec.close()
    }

    /** Closes what is kept; from now on nothing is. */
    public fun close() {
        val kept = synchronized(free) {
            closed = true
            free.values.flatten().also { free.clear() }
        }
        kept.forEach { it.close() }
    }
}

/** Something with memory of its own outside of the JVM's, that can be used again. */
public interface PooledCodec {
    /** Frees the memory. */
    public fun close()
}
