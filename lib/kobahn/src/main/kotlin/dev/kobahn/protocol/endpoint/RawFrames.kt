package dev.kobahn.protocol.endpoint

import dev.kobahn.protocol.ByteQueue
import dev.kobahn.protocol.FrameMask
import dev.kobahn.protocol.MaskingKeys
import dev.kobahn.protocol.ProtocolConfig
import dev.kobahn.protocol.RawFrame
import dev.kobahn.protocol.frame.FrameHeader
import dev.kobahn.protocol.frame.FrameHeaderWriter

/**
 * Appends [frame] the way a connection with [config] sends it, without checks. Guarded by the
 * monitor of the queue.
 */
internal fun ByteQueue.appendFrame(
    frame: RawFrame,
    config: ProtocolConfig,
    maskingKeys: MaskingKeys,
) {
    require(size <= MOST_WAITING - frame.payloadLength) {
        "payloadLength is ${frame.payloadLength}, must leave less than 2^62 bytes waiting"
    }
    val mask = if (frame.mask === FrameMask.USUAL) usualMask(config, maskingKeys) else frame.mask
    val key = mask.key ?: 0
    FrameHeaderWriter.append(
        this,
        frame.fin,
        (frame.rsv shl FrameHeader.RSV_SHIFT) or frame.opcode,
        frame.payloadLength,
        masked = mask.key != null,
        key,
        writesKey = mask.isWritten,
    )
    if (frame.payloadLength <= frame.payload.size) {
        appendPayload(frame.payload, 0, frame.payloadLength.toInt(), key, mask.isApplied)
    } else {
        appendRepeated(tiled(frame.payload), frame.payloadLength, key, mask.isApplied)
    }
}

private fun usualMask(config: ProtocolConfig, maskingKeys: MaskingKeys): FrameMask =
    if (config.maskOutgoing) {
        FrameMask(maskingKeys.next(), isWritten = true, config.applyMask)
    } else {
        FrameMask.NONE
    }

/** Repeats short payloads up to a size that is copied efficiently. */
private fun tiled(bytes: ByteArray): ByteArray {
    if (bytes.size >= TILE) return bytes
    val tile = ByteArray(TILE / bytes.size * bytes.size)
    for (start in tile.indices step bytes.size) bytes.copyInto(tile, start)
    return tile
}

/**
 * Calls [append] and sets write boundaries around what it appended, if [chopSize] or [sync] asks
 * for it.
 */
internal inline fun ByteQueue.appendWithBoundary(
    chopSize: Int,
    sync: Boolean,
    append: ByteQueue.() -> Unit,
) {
    require(chopSize >= 0) { "chopSize is $chopSize, must be 0 (not chopped) or more" }
    val before = size
    append()
    val count = size - before
    if (chopSize > 0) {
        addWriteBoundary(count, chopSize.toLong())
    } else if (sync) {
        addWriteBoundary(count, count)
    }
}

private const val TILE = 4096

/** More than anybody can send, and far from an overflow. */
private const val MOST_WAITING = 1L shl 62
