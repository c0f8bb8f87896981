package dev.kobahn.protocol.extension

/**
 * The negotiation of extensions (RFC 6455 section 9.1), for both ends. The agreed extensions
 * transform sent messages in their order, and received ones in the reverse order.
 */
public object ExtensionNegotiation {
    /**
     * Lets each of [extensions], in order, pick one of a client's [offers]. Leaves out an extension
     * that needs a reserved bit or has a name that is already taken.
     */
    @JvmStatic
    public fun accept(
        extensions: List<ServerExtension>,
        offers: List<ExtensionHeader>,
    ): List<AgreedExtension> {
        if (offers.isEmpty()) return emptyList()
        val agreed = ArrayList<AgreedExtension>()
        for (extension in extensions) {
            val accepted = extension.accept(offers) ?: continue
            if (agreed.none { it.conflictsWith(accepted) }) agreed.add(accepted)
        }
        return agreed
    }

    /**
     * Confirms the agreement that [answers], the elements of the server's response, state.
     *
     * @throws ExtensionException if one of them was not offered, or two exclude each other
     */
    @JvmStatic
    public fun confirm(
        extensions: List<ClientExtension>,
        answers: List<ExtensionHeader>,
    ): List<AgreedExtension> {
        val agreed = ArrayList<AgreedExtension>()
        for (answer in answers) {
            val confirmed = extensions.firstNotNullOfOrNull { it.confirm(answer) }
                ?: throw ExtensionException("the server chose an extension that was not offered")
            if (agreed.any { it.conflictsWith(confirmed) }) {
                throw ExtensionException("the server chose extensions that exclude each other")
            }
            agreed.add(confirmed)
        }
        return agreed
    }

    private fun AgreedExtension.conflictsWith(other: AgreedExtension) =
        reservedBits and other.reservedBits != 0 ||
            header.name.equals(other.header.name, ignoreCase = true)
}
