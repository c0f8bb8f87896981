@file:JvmName("WebStatus")

package dev.kobahn.autobahn

import dev.kobahn.ServerConnectionOptions

/**
 * Answers requests without an upgrade to WebSocket with a status page instead of 426. Autobahn:
 * `webStatus`.
 *
 * @param allowedRedirects the allowed targets for redirects by the page, as patterns like those of
 * [ServerConnectionOptions.allowedOrigins]. Any other target gets 400.
 * @param on false for 426 on a route of a server that has the page
 */
public fun ServerConnectionOptions.webStatus(
    allowedRedirects: List<String> = emptyList(),
    on: Boolean = true,
) {
    this.allowedRedirects = allowedRedirects
    statusPage = if (on) StatusPage(allowedRedirects)::answer else null
}
