package dev.kobahn.protocol

/**
 * Whether payloads are masked eight octets at a time. There is no native code, so nothing has to be
 * there for it; the system property `dev.kobahn.acceleration`, when `false`, `no` or `0` as the
 * library is loaded, has masking go octet by octet, to rule it out when something is odd. Autobahn:
 * `HAS_NVX`, `USES_NVX` and `AUTOBAHN_USE_NVX`.
 */
public object Acceleration {
    private val OFF = setOf("false", "no", "0")

    /** Whether masking by words is there: always. */
    @JvmField
    public val isAvailable: Boolean = true

    /** Whether masking by words is used: unless it was turned off. */
    @JvmField
    public val isUsed: Boolean = System.getProperty("dev.kobahn.acceleration")?.lowercase() !in OFF
}
