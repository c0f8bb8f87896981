package dev.kobahn.autobahn

import dev.kobahn.protocol.Masking

/**
 * The masking of eight bytes at a time, see [Masking]. Autobahn: `HAS_NVX`, `USES_NVX` and
 * `AUTOBAHN_USE_NVX`, which is the system property `dev.kobahn.acceleration` here.
 */
public object Acceleration {
    /** Always true: masking by words needs no native code. */
    @JvmField
    public val isAvailable: Boolean = true

    /** Whether payloads are masked by words: unless the system property is `false`. */
    @JvmField
    public val isUsed: Boolean = Masking.usesWords
}
