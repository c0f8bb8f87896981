package dev.kobahn.internal.java

import java.util.concurrent.TimeUnit
import kotlin.time.Duration
import kotlin.time.toDuration
import kotlin.time.toDurationUnit

/** Returns [time], which a Java program gives in [unit]. */
internal fun durationOf(time: Long, unit: TimeUnit): Duration =
    time.toDuration(unit.toDurationUnit())
