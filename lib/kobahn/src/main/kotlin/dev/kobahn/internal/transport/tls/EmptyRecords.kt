package dev.kobahn.internal.transport.tls

import javax.net.ssl.SSLException

/**
 * Bounds the records without content on an open connection: tickets, updates of keys, padding. An
 * update of keys costs a loop some 10 to 30 us, and an engine takes thousands of them in one record,
 * although RFC 8446 section 5.1 forbids that. So such records make a debt by their bytes, and
 * content pays it back by its own: [BYTE] bytes for one.
 *
 * A KeyUpdate (27 bytes) is paid by 4 KiB of content, far less than the 2^24 records after which
 * honest peers send one.
 */
internal class EmptyRecords {
    private var debt = 0

    /**
     * Counts a record of [size] bytes without content. Throws if the debt is too large.
     *
     * @param isOfServer whether the peer is a server, which sends tickets
     */
    fun add(size: Int, isOfServer: Boolean) {
        debt += RECORD + BYTE * size
        if (debt > if (isOfServer) MOST_OF_SERVER else MOST_OF_CLIENT) {
            throw SSLException("too many records without content")
        }
    }

    /**
     * Counts a record with [content] bytes.
     *
     * @param isLegible whether the types of records are not encrypted, as up to TLS 1.2. There are no
     * updates of keys then, and old peers send an empty record before each other one
     */
    fun pay(content: Int, isLegible: Boolean) {
        if (debt > 0) debt = if (isLegible) 0 else maxOf(0, debt - content)
    }

    private companion object {
        const val RECORD = 512
        const val BYTE = 128

        /** The debt of 64 KeyUpdates in a row. */
        const val MOST_OF_CLIENT = 64 * (RECORD + BYTE * 27)

        /** The debt of 128 KiB: ten tickets, each with the certificates of both ends. */
        const val MOST_OF_SERVER = BYTE * 128 * 1024
    }
}
