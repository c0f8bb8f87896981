package dev.kobahn.protocol

/**
 * Masking of eight bytes at a time, without native code. To rule it out as the cause of a problem,
 * set the system property `dev.kobahn.acceleration` to `false`, `no` or `0` before the library is
 * loaded: payloads are then masked byte by byte. Autobahn: `HAS_NVX`, `USES_NVX` and
 * `AUTOBAHN_USE_NVX`.
 */
public object Acceleration {
    private val OFF = setOf("false", "no", "0")

    /** Always true: masking by words needs nothing else. */
    @JvmField
    public val isAvailable: Boolean = true

    /** Whether payloads are masked by words: unless the system property turned it off. */
    @JvmField
    public val isUsed: Boolean = System.getProperty("dev.kobahn.acceleration")?.lowercase() !in OFF
}
