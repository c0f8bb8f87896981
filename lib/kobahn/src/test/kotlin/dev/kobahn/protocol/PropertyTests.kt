package dev.kobahn.protocol

import io.kotest.common.ExperimentalKotest
import io.kotest.property.PropTestConfig
import io.kotest.property.ShrinkingMode

/** Random bytes take minutes to shrink, with little effect; the seed in a failure repeats it. */
@OptIn(ExperimentalKotest::class)
val NO_SHRINKING = PropTestConfig(shrinkingMode = ShrinkingMode.Off)
