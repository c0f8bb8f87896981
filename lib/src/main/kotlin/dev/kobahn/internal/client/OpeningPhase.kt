package dev.kobahn.internal.client

/**
 * What a client waits for while it opens a connection.
 *
 * @property lack what there is not when the time is over in this phase
 */
internal enum class OpeningPhase(val lack: String) {
    LOOKUP("the host's name was not looked up"),
    CONNECTING("no connection"),
    ASKING("onConnecting did not return"),
    ANSWER("no answer to the opening handshake"),
}
