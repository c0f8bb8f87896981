@file:JvmName("MaskingOptions")

package dev.kobahn.autobahn

import dev.kobahn.ServerConnectionOptions
import dev.kobahn.WebSocketClientOptions

/**
 * Sets how a server masks, against RFC 6455 section 5.1. For tests of peers. A setting that is left
 * out has its default.
 *
 * @param applyMask whether masking keys are applied to payloads. Autobahn: `applyMask`.
 * @param maskServerFrames whether frames to clients are masked. Autobahn: `maskServerFrames`.
 * @param requireMaskedClientFrames whether the frames of clients must be masked. Autobahn:
 * `requireMaskedClientFrames`.
 */
public fun ServerConnectionOptions.masking(
    applyMask: Boolean = true,
    maskServerFrames: Boolean = false,
    requireMaskedClientFrames: Boolean = true,
) {
    this.applyMask = applyMask
    this.maskServerFrames = maskServerFrames
    this.requireMaskedClientFrames = requireMaskedClientFrames
}

/**
 * Sets how a client masks, against RFC 6455 section 5.1. For tests of peers. A setting that is left
 * out has its default.
 *
 * @param applyMask whether masking keys are applied to payloads. Autobahn: `applyMask`.
 * @param maskClientFrames whether frames to the server are masked. Autobahn: `maskClientFrames`.
 * @param acceptMaskedServerFrames whether masked frames of a server are accepted. Autobahn:
 * `acceptMaskedServerFrames`.
 */
public fun WebSocketClientOptions.masking(
    applyMask: Boolean = true,
    maskClientFrames: Boolean = true,
    acceptMaskedServerFrames: Boolean = false,
) {
    this.applyMask = applyMask
    this.maskClientFrames = maskClientFrames
    this.acceptMaskedServerFrames = acceptMaskedServerFrames
}
