package dev.kobahn.internal.transport.tls

import java.lang.reflect.InvocationTargetException
import java.lang.reflect.Method
import javax.net.ssl.SSLEngine
import javax.net.ssl.SSLParameters
import javax.net.ssl.SSLSession

/**
 * The parts of the JDK's TLS that the oldest supported platforms do not have. Without them the
 * functions do nothing or return null.
 */
internal object NewerTls {
    // Android 10, Java 8u251.
    private val setProtocols =
        method(SSLParameters::class.java, "setApplicationProtocols", Array<String>::class.java)
    private val getProtocol = method(SSLEngine::class.java, "getApplicationProtocol")

    // Java 25.
    private val exporter = exporter()

    /** Offers, or accepts, the [protocols] of ALPN (RFC 7301). */
    fun setApplicationProtocols(parameters: SSLParameters, protocols: List<String>) {
        setProtocols?.call(parameters, protocols.toTypedArray())
    }

    /** Returns the protocol that ALPN has agreed on, or null for none. */
    fun applicationProtocol(engine: SSLEngine): String? {
        // Some engines return null where others return the empty text, or throw.
        val protocol = getProtocol?.call(engine) as String?
        return protocol?.ifEmpty { null }
    }

    /** Whether [exportKeyingMaterial] may return something. */
    val hasExporter: Boolean get() = exporter != null

    /** Returns [length] bytes that [label] derives from the secrets of [session] (RFC 8446 section 7.5). */
    fun exportKeyingMaterial(session: SSLSession, label: String, length: Int): ByteArray? {
        val exporter = exporter ?: return null
        if (!exporter.declaringClass.isInstance(session)) return null
        return exporter.call(session, label, ByteArray(0), length) as ByteArray?
    }

    private fun exporter(): Method? = try {
        method(
            Class.forName("javax.net.ssl.ExtendedSSLSession"),
            "exportKeyingMaterialData",
            String::class.java,
            ByteArray::class.java,
            Int::class.javaPrimitiveType!!,
        )
    } catch (_: ClassNotFoundException) {
        null
    }

    private fun method(owner: Class<*>, name: String, vararg types: Class<*>): Method? = try {
        owner.getMethod(name, *types)
    } catch (_: NoSuchMethodException) {
        null
    }

    /** Calls a method that the session or the engine may declare without supporting it. */
    private fun Method.call(target: Any, vararg arguments: Any): Any? = try {
        invoke(target, *arguments)
    } catch (failure: InvocationTargetException) {
        val cause = failure.targetException
        if (cause is UnsupportedOperationException ||
            (cause is Exception && cause !is RuntimeException)
        ) {
            null
        } else {
            throw cause
        }
    }
}
