package dev.kobahn.benchmarks.run

/** The measured values, in the order of the tables' columns. */
enum class Metric(val title: String, val decimals: Int) {
    CPU("CPU µs", 2),
    MEMORY("KiB each", 2),
    HEAP("of it heap", 2),
    RATE("per second", 0),
    BYTES("MB/s", 1),
    P50("p50 µs", 0),
    P99("p99 µs", 0),
    P999("p99.9 µs", 0),

    /** Bytes allocated, in a JVM: garbage and what is kept. */
    ALLOCATED("alloc B", 0),
    RSS("RSS MiB", 0),

    /** How busy the core was that the peer had to itself. */
    BUSY("busy %", 0),

    /** How busy the other side was: near 100, and the peer had to wait for it. */
    OTHER_BUSY("load busy %", 0),

    /** Connections that got no answer any more, for seconds, where there were any. */
    STUCK("stuck", 0),
}

/** One peer in one round. */
class Measurement(val round: Int, val values: Map<Metric, Double>)

/** All rounds of one peer in one scenario. */
class PeerResult(
    val peer: String,
    val measurements: List<Measurement>,
    val failure: String?,
    val note: String?,
) {
    /** The median over the rounds, or null if it was not measured. */
    fun median(metric: Metric): Double? {
        val values = measurements.mapNotNull { it.values[metric] }.sorted()
        if (values.isEmpty()) return null
        return (values[(values.size - 1) / 2] + values[values.size / 2]) / 2
    }

    /** The smallest and the largest value of the rounds. */
    fun range(metric: Metric): Pair<Double, Double>? {
        val values = measurements.mapNotNull { it.values[metric] }
        return if (values.isEmpty()) null else values.min() to values.max()
    }

    /** The measurement that compares peers. */
    val cost: Metric get() = if (median(Metric.MEMORY) != null) Metric.MEMORY else Metric.CPU
}

/** All peers in one scenario. */
class ScenarioResult(
    val name: String,
    val about: String,
    val unit: String,
    val peers: List<PeerResult>,
) {
    /** What [cost] is counted in, and for what. */
    fun unitOf(cost: Metric): String =
        (if (cost == Metric.MEMORY) "KiB" else cost.title) + " per $unit"

    /** The result of the peer called [name], if it took part. */
    fun of(name: String): PeerResult? = peers.firstOrNull { it.peer == name }
}
