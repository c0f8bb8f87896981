@file:JvmName("FlashSocketPolicy")

package dev.kobahn.autobahn

import dev.kobahn.WebSocketServerOptions

/** The policy for Flash that allows every domain and every port. */
public const val OPEN_FLASH_SOCKET_POLICY: String =
    "<cross-domain-policy><allow-access-from domain=\"*\" to-ports=\"*\"/></cross-domain-policy>"

/**
 * Sends [policy] to clients that ask for the policy of Flash's sockets. Such a client sends
 * `<policy-file-request/>` and a NUL instead of an HTTP request. The policy is sent in UTF-8, and
 * the NUL at its end is added if it is missing. Autobahn: `serveFlashSocketPolicy`,
 * `flashSocketPolicy`.
 */
public fun WebSocketServerOptions.serveFlashSocketPolicy(
    policy: String = OPEN_FLASH_SOCKET_POLICY,
) {
    flashSocketPolicy = policy
}
