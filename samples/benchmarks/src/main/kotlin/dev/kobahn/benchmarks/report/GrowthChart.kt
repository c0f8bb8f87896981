package dev.kobahn.benchmarks.report

import kotlin.math.ceil
import kotlin.math.log10

/** [Growth] as lines over a logarithmic axis of connections; upright marks show the range. */
internal class GrowthChart(private val growths: List<Growth>) {
    private val counts = growths.flatMap { it.points }.map { it.connections }.distinct().sorted()
    private val top = growths.maxOf { growth -> growth.points.maxOf { it.range.second } } * 1.05

    private fun x(connections: Int): Double {
        val (least, most) = log10(counts.first().toDouble()) to log10(counts.last().toDouble())
        if (least == most) return LEFT + PLOT_WIDTH / 2
        return LEFT + PLOT_WIDTH * (log10(connections.toDouble()) - least) / (most - least)
    }

    private fun y(value: Double) = TOP + PLOT_HEIGHT * (1 - value / top)

    fun svg(): String = buildString {
        append("<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"$WIDTH\" height=\"$HEIGHT\" ")
        append("font-family=\"sans-serif\" font-size=\"12\">\n")
        append("<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n")
        val title = "CPU µs per message: medians; upright: least to most"
        text(LEFT, 20.0, title, "font-weight=\"bold\"")
        axes()
        growths.forEachIndexed { index, growth -> line(growth, COLOURS[index % COLOURS.size]) }
        legend()
        append("</svg>\n")
    }

    private fun StringBuilder.axes() {
        val step = ceil(top / GRID_LINES).coerceAtLeast(1.0)
        var value = 0.0
        while (value <= top) {
            stroke(LEFT, y(value), LEFT + PLOT_WIDTH, y(value), "#e2e8f0")
            text(LEFT - 8, y(value) + 4, "%.0f".format(value), "text-anchor=\"end\"")
            value += step
        }
        val bottom = TOP + PLOT_HEIGHT
        for (count in counts) {
            stroke(x(count), bottom, x(count), bottom + 5, "black")
            text(x(count), bottom + 20, "%,d".format(count), "text-anchor=\"middle\"")
        }
        stroke(LEFT, bottom, LEFT + PLOT_WIDTH, bottom, "black")
        text(LEFT + PLOT_WIDTH / 2, bottom + 40, "connections", "text-anchor=\"middle\"")
    }

    private fun StringBuilder.line(growth: Growth, colour: String) {
        val points = growth.points.joinToString(" ") {
            "${pixels(x(it.connections))},${pixels(y(it.value))}"
        }
        append("<polyline points=\"$points\" fill=\"none\" stroke=\"$colour\" ")
        append("stroke-width=\"2\"/>\n")
        for (point in growth.points) {
            val (least, most) = point.range
            stroke(x(point.connections), y(least), x(point.connections), y(most), colour)
            append("<circle cx=\"${pixels(x(point.connections))}\" ")
            append("cy=\"${pixels(y(point.value))}\" r=\"3\" fill=\"$colour\"/>\n")
        }
    }

    /** In the order in which the lines end, from above. */
    private fun StringBuilder.legend() {
        val order = growths.indices.sortedByDescending { growths[it].points.last().value }
        order.forEachIndexed { row, index ->
            val middle = TOP + 8 + row * 18
            val left = LEFT + PLOT_WIDTH + 20
            append("<rect x=\"$left\" y=\"${middle - 5}\" width=\"14\" height=\"10\" ")
            append("fill=\"${COLOURS[index % COLOURS.size]}\"/>\n")
            val last = "%.2f".format(growths[index].points.last().value)
            text(left + 20, middle + 4, "${growths[index].peer} ($last)", "")
        }
    }

    private fun StringBuilder.stroke(
        x1: Double,
        y1: Double,
        x2: Double,
        y2: Double,
        colour: String,
    ) {
        append("<line x1=\"${pixels(x1)}\" y1=\"${pixels(y1)}\" x2=\"${pixels(x2)}\" ")
        append("y2=\"${pixels(y2)}\" stroke=\"$colour\"/>\n")
    }

    private fun StringBuilder.text(x: Double, y: Double, text: String, attributes: String) {
        append("<text x=\"${pixels(x)}\" y=\"${pixels(y)}\" $attributes>$text</text>\n")
    }

    private fun pixels(length: Double) = "%.1f".format(length)

    private companion object {
        const val WIDTH = 800
        const val HEIGHT = 420
        const val LEFT = 56.0
        const val TOP = 40.0
        const val PLOT_WIDTH = 560.0
        const val PLOT_HEIGHT = 310.0
        const val GRID_LINES = 8

        /** The first one is for the first peer, which is Kobahn unless told otherwise. */
        val COLOURS = listOf(
            "#2b6cb0", "#dd6b20", "#718096", "#38a169", "#805ad5",
            "#d53f8c", "#b7791f", "#319795", "#e53e3e", "#1a202c",
        )
    }
}
