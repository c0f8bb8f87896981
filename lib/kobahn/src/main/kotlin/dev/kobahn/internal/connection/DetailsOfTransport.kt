package dev.kobahn.internal.connection

import dev.kobahn.TransportDetails
import dev.kobahn.TransportDetails.ChannelType

/** What an application is told about this transport. */
internal fun Transport.details(isServer: Boolean): TransportDetails =
    TransportDetails(channelTypeOf(peer), local, peer, isServer, isSecure = false)

private fun channelTypeOf(peer: String) = when {
    peer.startsWith("tcp") -> ChannelType.TCP
    peer.startsWith("unix:") -> ChannelType.UNIX
    else -> ChannelType.MEMORY
}
