@file:JvmName("ConnectionJson")

package dev.kobahn.autobahn

import dev.kobahn.ConnectionDeniedException
import dev.kobahn.TrafficStats
import dev.kobahn.TransportDetails
import dev.kobahn.protocol.appendJson

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
