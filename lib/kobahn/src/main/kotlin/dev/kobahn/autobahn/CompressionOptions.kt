@file:JvmName("CompressionOptions")

package dev.kobahn.autobahn

import dev.kobahn.ConnectionClosedException
import dev.kobahn.ServerConnectionOptions
import dev.kobahn.WebSocketClientOptions
import dev.kobahn.protocol.extension.PerMessageCompressOffer
import dev.kobahn.protocol.extension.PerMessageCompressOfferAccept
import dev.kobahn.protocol.extension.PerMessageCompressResponse
import dev.kobahn.protocol.extension.PerMessageCompressResponseAccept

/**
 * Sets the function that chooses among a client's offers of compression. It gets all valid offers
 * in their order, if there are any, and accepts one of them or returns null for no compression. Its
 * exception is logged and answered with 500; a handler that receives gets it as the cause of a
 * [ConnectionClosedException]. The function runs on the event loop of the connection and must not
 * block.
 *
 * `perMessageDeflate` is the simpler option. Autobahn: `perMessageCompressionAccept`.
 *
 * @throws IllegalArgumentException if `perMessageDeflate` is set
 */
public fun ServerConnectionOptions.perMessageCompression(
    accept: (offers: List<PerMessageCompressOffer>) -> PerMessageCompressOfferAccept?,
) {
    perMessageCompressionAccept = accept
}

/**
 * Sets the compressions that a client offers, in order of preference. Several offers with one name
 * are alternatives.
 *
 * `perMessageDeflate` is the simpler option. Autobahn: `perMessageCompressionOffers`.
 *
 * @param accept decides on a server's response, if the response matches one of the offers. If it
 * returns null, the handshake fails; `connect` throws its exceptions. It runs on the event loop of
 * the connection and must not block. Null, the default, accepts every response that matches.
 * Autobahn: `perMessageCompressionAccept`.
 * @throws IllegalArgumentException if `perMessageDeflate` is set
 */
@JvmOverloads
public fun WebSocketClientOptions.perMessageCompression(
    offers: List<PerMessageCompressOffer>,
    accept: ((response: PerMessageCompressResponse) -> PerMessageCompressResponseAccept?)? = null,
) {
    perMessageCompressionOffers = offers
    perMessageCompressionAccept = accept
}
