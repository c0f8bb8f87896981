package dev.kobahn.servlet

import dev.kobahn.hosting.HostedAnswer
import jakarta.servlet.http.HttpUpgradeHandler
import jakarta.servlet.http.WebConnection

/** Gets the connection from the container, and hands it over to Kobahn. Made by the container. */
public class KobahnUpgradeHandler : HttpUpgradeHandler {
    internal lateinit var answer: HostedAnswer.Upgrade

    override fun init(connection: WebConnection) {
        answer.attach(ServletStream(connection))
    }

    /** The container ends the connection. */
    override fun destroy() {
        answer.close()
    }
}
