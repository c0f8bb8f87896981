package dev.kobahn.violations

import dev.kobahn.violations.foreign.io.lettuce.core.Foreign as Redis
import dev.kobahn.violations.foreign.io.micrometer.core.Foreign as Meter
import dev.kobahn.violations.foreign.kotlinx.serialization.json.Foreign as Json

internal class KnowsSerialization(val json: Json)

internal class KnowsMicrometer(val meter: Meter)

internal class KnowsRedis(val redis: Redis)
