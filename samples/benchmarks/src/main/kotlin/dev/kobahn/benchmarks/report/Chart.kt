package dev.kobahn.benchmarks.report

import dev.kobahn.benchmarks.run.PeerResult
import dev.kobahn.benchmarks.run.ScenarioResult

/**
 * What each peer costs in each scenario, as bars: the shorter the better. A mark shows the range.
 */
internal class Chart(results: List<ScenarioResult>) {
    private val panels = results.mapNotNull(::panel)

    private class Panel(val title: String, val bars: List<Bar>)

    private class Bar(val peer: String, val value: Double, val range: Pair<Double, Double>)

    private fun panel(result: ScenarioResult): Panel? {
        val bars = result.peers.mapNotNull(::bar).sortedBy { it.value }
        if (bars.isEmpty()) return null
        val cost = result.peers.first { it.measurements.isNotEmpty() }.cost
        return Panel("${result.name}: ${result.unitOf(cost)}", bars)
    }

    private fun bar(peer: PeerResult): Bar? {
        val value = peer.median(peer.cost) ?: return null
        return Bar(peer.peer, value, peer.range(peer.cost) ?: return null)
    }

    fun svg(): String {
        val columns = panels.chunked(((panels.size + 1) / 2).coerceAtLeast(1))
        val height = columns.maxOfOrNull { column -> column.sumOf { heightOf(it) } } ?: 0
        return buildString {
            append("<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"${columns.size * WIDTH}\" ")
            append("height=\"${LEGEND + height + GAP}\" ")
            append("font-family=\"sans-serif\" font-size=\"12\">\n")
            append("<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n")
            legend()
            columns.forEachIndexed { index, column ->
                var top = LEGEND + GAP
                for (panel in column) {
                    draw(panel, index * WIDTH + GAP, top)
                    top += heightOf(panel)
                }
            }
            append("</svg>\n")
        }
    }

    private fun StringBuilder.legend() {
        val middle = GAP + LEGEND / 2
        append("<rect x=\"$GAP\" y=\"${middle - 10}\" width=\"14\" height=\"14\" fill=\"$OWN\"/>")
        append("<text x=\"34\" y=\"${middle + 2}\">Kobahn</text>")
        append("<rect x=\"94\" y=\"${middle - 10}\" width=\"14\" height=\"14\" fill=\"$OTHER\"/>")
        append("<text x=\"114\" y=\"${middle + 2}\">others; the shorter the better. ")
        append("Bars: medians of the rounds; lines: least to most; …: longer than shown</text>\n")
    }

    private fun heightOf(panel: Panel) = TITLE + panel.bars.size * BAR + GAP

    private fun StringBuilder.draw(panel: Panel, left: Int, top: Int) {
        append("<text x=\"$left\" y=\"${top + 14}\" font-weight=\"bold\">${panel.title}</text>\n")
        // one slow peer must not press all others against the axis
        val scale =
            BAR_WIDTH / minOf(panel.bars.maxOf { it.value }, panel.bars.first().value * MOST)
        panel.bars.forEachIndexed { index, bar ->
            draw(bar, left, top + TITLE + index * BAR, scale)
        }
    }

    private fun StringBuilder.draw(bar: Bar, left: Int, top: Int, scale: Double) {
        val start = left + LABEL
        val length = (bar.value * scale).coerceAtMost(BAR_WIDTH)
        val colour = if (bar.peer.startsWith("kobahn")) OWN else OTHER
        append("<text x=\"${start - 6}\" y=\"${top + 12}\" text-anchor=\"end\">${bar.peer}</text>")
        append("<rect x=\"$start\" y=\"$top\" width=\"${pixels(length)}\" height=\"14\" ")
        append("fill=\"$colour\"/>")
        val (least, most) = bar.range
        val reach = (most * scale).coerceAtMost(BAR_WIDTH)
        append("<line x1=\"${pixels(start + (least * scale).coerceAtMost(BAR_WIDTH))}\" ")
        append("x2=\"${pixels(start + reach)}\" ")
        append("y1=\"${top + 7}\" y2=\"${top + 7}\" stroke=\"black\"/>")
        val broken = if (bar.value * scale > BAR_WIDTH) " …" else ""
        append("<text x=\"${pixels(start + maxOf(length, reach) + 6)}\" y=\"${top + 12}\">")
        append("${number(bar.value)}$broken</text>\n")
    }

    private fun pixels(length: Double) = "%.1f".format(length)

    private fun number(value: Double) = (if (value < 1) "%.3f" else "%.2f").format(value)

    private companion object {
        const val WIDTH = 560
        const val LABEL = 120
        const val BAR_WIDTH = 330.0
        const val BAR = 19
        const val TITLE = 24
        const val GAP = 14
        const val LEGEND = 24
        const val OWN = "#2b6cb0"
        const val OTHER = "#a0aec0"

        /** Bars end at this many times the shortest. */
        const val MOST = 8
    }
}
