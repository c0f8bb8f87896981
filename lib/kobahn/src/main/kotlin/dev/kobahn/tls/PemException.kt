package dev.kobahn.tls

import java.io.IOException

/** A file of certificates or keys cannot be read. The message names the file and the problem. */
public class PemException internal constructor(message: String, cause: Throwable? = null) :
    IOException(message, cause)
