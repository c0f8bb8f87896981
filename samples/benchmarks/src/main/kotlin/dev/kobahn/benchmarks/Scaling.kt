package dev.kobahn.benchmarks

/** The scenarios that show how cost grows. */
internal object Scaling {
    val CONNECTIONS = listOf(10, 100, 1_000, 10_000, 50_000)
    val LOOPS = listOf(1, 2)
    const val AT_ONCE = 10

    /** What a process has open beside its connections, generously. */
    const val OTHER_FILES = 300

    /** One scenario for each of [counts]. */
    fun connections(counts: List<Int>, atOnce: Int): List<Scenario.Rounds> = counts.map { count ->
        val underWay = minOf(atOnce, count)
        Scenario.Rounds(
            "connections-$count",
            "%,d connections, text of 128 B, %d under way in turn".format(count, underWay),
            count,
            underWay,
            Payload.ascii(128),
        )
    }

    /** Each of the small echoes with each of [counts] loops. */
    fun loops(counts: List<Int>): List<Scenario.Loops> =
        listOf("ping-pong", "pipelined").flatMap { name ->
            val echo = Scenario.ALL.first { it.name == name } as Scenario.Echo
            counts.map { Scenario.Loops("$name-loops-$it", "${echo.about}; loops: $it", it, echo) }
        }
}
