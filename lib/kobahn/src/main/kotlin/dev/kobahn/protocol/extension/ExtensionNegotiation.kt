package dev.kobahn.protocol.extension

/**
 * Agreeing on extensions (RFC 6455 section 9.1), for both ends. What was agreed on transforms the
 * messages that are sent in its order, and those received in the reverse order.
 */
public object ExtensionNegotiation {
    /**
     * A server's part: what each of [extensions] picks of [offers], in the order of [extensions].
     * One that would use a reserved bit that is taken, or the name of one that was agreed on, is
     * left out.
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
     * A client's part: what [answers], the elements of the server's response, agree on.
     *
     * @throws ExtensionException if one of them was not asked for, or two exclude each other
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
