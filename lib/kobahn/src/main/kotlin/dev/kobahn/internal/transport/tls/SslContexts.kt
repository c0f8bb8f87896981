package dev.kobahn.internal.transport.tls

import dev.kobahn.tls.TlsIdentity
import dev.kobahn.tls.TlsIdentitySource
import dev.kobahn.tls.TlsOptions
import java.security.SecureRandom
import java.util.function.Supplier
import javax.net.ssl.KeyManager
import javax.net.ssl.SSLContext
import javax.net.ssl.SSLEngine
import javax.net.ssl.SSLParameters
import javax.net.ssl.SSLSessionContext
import javax.net.ssl.TrustManager

/**
 * The context of one identity: sessions are kept by a context, so it is made anew only when the
 * identity has changed. Thread-safe.
 */
internal class SslContexts(
    private val identity: TlsIdentitySource?,
    private val trust: TrustManager?,
    private val given: Supplier<SSLContext>?,
) {
    private class Made(val identity: TlsIdentity?, val context: SSLContext)

    @Volatile
    private var made: Made? = null

    /** Returns the context for the next handshake. */
    fun context(): SSLContext {
        if (given != null) return given.get()
        val current = identity?.identity()
        made?.let { if (it.identity === current) return it.context }
        return make(current)
    }

    @Synchronized
    private fun make(current: TlsIdentity?): SSLContext {
        made?.let { if (it.identity === current) return it.context }
        val context = SSLContext.getInstance("TLS")
        val keys = current?.let { arrayOf<KeyManager>(IdentityKeyManager(it)) }
        context.init(keys, trust?.let { arrayOf(it) }, SecureRandom())
        // May be null where sessions cannot be kept.
        context.serverSessionContext?.limit()
        made = Made(current, context)
        return context
    }
}

/** Old versions of Java 8 keep the sessions of all clients of a day; newer ones keep this many. */
internal fun SSLSessionContext.limit() {
    val isChosen = System.getProperty("javax.net.ssl.sessionCacheSize") != null
    if (sessionCacheSize == 0 && !isChosen) sessionCacheSize = MOST_SESSIONS
}

private const val MOST_SESSIONS = 20_480

/** The parameters that servers and clients share, as [options] say. Throws if none are supported. */
internal fun SSLEngine.configure(options: TlsOptions): SSLParameters {
    val parameters = sslParameters
    val known = supportedProtocols.toSet()
    val protocols = options.protocols.filter { it in known }
    require(protocols.isNotEmpty()) {
        "protocols is ${options.protocols}, but this platform has only $known"
    }
    parameters.protocols = protocols.toTypedArray()
    if (options.cipherSuites.isNotEmpty()) {
        val unknown = options.cipherSuites - supportedCipherSuites.toSet()
        require(unknown.isEmpty()) {
            "cipherSuites has $unknown, which this platform does not have"
        }
        parameters.cipherSuites = options.cipherSuites.toTypedArray()
    }
    NewerTls.setApplicationProtocols(parameters, HTTP_1_1)
    return parameters
}

private val HTTP_1_1 = listOf("http/1.1")
