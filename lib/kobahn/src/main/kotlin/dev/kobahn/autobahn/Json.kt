@file:JvmName("Json")

package dev.kobahn.autobahn

import dev.kobahn.ConnectionDeniedException
import dev.kobahn.TrafficStats
import dev.kobahn.TransportDetails
import dev.kobahn.protocol.appendJson
import dev.kobahn.protocol.extension.PerMessageCompressStep
import dev.kobahn.protocol.handshake.ConnectingRequest
import dev.kobahn.protocol.handshake.ConnectionResponse
import dev.kobahn.protocol.handshake.HttpRequest

// The names in the objects are Autobahn's.

/**
 * Returns all properties as a JSON object on one line, including every header, also secret ones.
 * Autobahn: `ConnectionRequest.__json__`.
 */
public fun HttpRequest.toJson(): String = json()

/** Returns all properties as a JSON object. Autobahn: `ConnectionResponse.__json__`. */
public fun ConnectionResponse.toJson(): String = json()

/** Returns all properties as a JSON object. Autobahn: `ConnectingRequest.__json__`. */
public fun ConnectingRequest.toJson(): String = json()

/** Returns all values as a JSON object. Autobahn: `PerMessageCompressOffer.__json__`. */
public fun PerMessageCompressStep.toJson(): String = json()

/** Returns the properties by their names in Autobahn. Autobahn: `TrafficStats.__json__`. */
public fun TrafficStats.toMap(): Map<String, Number?> = byName()

/** Returns `toMap()` as JSON. */
public fun TrafficStats.toJson(): String = toString()

/** Returns all properties as a JSON object. Autobahn: `TransportDetails.marshal`. */
public fun TransportDetails.toJson(): String = toString()

/**
 * Returns the status, the reason and the header fields of the response as a JSON object. Autobahn:
 * `ConnectionDeny.__json__`.
 */
public fun ConnectionDeniedException.toJson(): String = StringBuilder().appendJson(
    linkedMapOf(
        "code" to status,
        "reason" to response.reason,
        "headers" to response.headers.toLowerCaseMap(),
    ),
).toString()
