package dev.kobahn.internal.client

/**
 * A step of opening a client's connection, each of which may use up the time.
 *
 * @property lack names the missing result in the message of a timeout in this phase
 */
internal enum class OpeningPhase(val lack: String) {
    LOOKUP("the host's name was not looked up"),
    CONNECTING("no connection"),
    ASKING("onConnecting did not return"),
    ANSWER("no answer to the opening handshake"),
}
