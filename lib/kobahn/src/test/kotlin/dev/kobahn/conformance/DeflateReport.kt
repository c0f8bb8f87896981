package dev.kobahn.conformance

import java.io.File
import java.util.Locale
import kotlin.time.Duration.Companion.milliseconds

/**
 * Collects rows: as they come into `rows.csv` in [folder], and at the end as tables into
 * `report.md`.
 */
internal class DeflateReport(private val folder: File) {
    private val rows = ArrayList<Row>()
    private val csv = File(folder, "rows.csv")

    init {
        folder.mkdirs()
        csv.writeText("$COLUMNS\n")
    }

    fun add(row: Row) {
        rows.add(row)
        csv.appendText(line(row) + "\n")
    }

    /** Writes the tables and returns a summary of one line. */
    fun finish(): String {
        val messages = rows.sumOf { it.messages.toLong() }
        val bytes = rows.sumOf { it.messages.toLong() * it.shape.size }
        val time = rows.sumOf { it.millis }.milliseconds
        val summary = "$messages messages in ${rows.size} rows, $bytes bytes each way, in $time"
        val tables = rows.groupBy { it.library to it.role }.map { (ends, some) ->
            "## ${heading(ends.first, ends.second)}\n\n${table(some)}"
        }
        val text = "# permessage-deflate\n\n$summary\n\n$LEGEND\n\n" + tables.joinToString("\n")
        File(folder, "report.md").writeText(text)
        return summary
    }

    private fun table(rows: List<Row>): String {
        val shapes = rows.map { it.shape }.distinct()
        val combinations = rows.map { it.combination }.distinct()
        val byPlace = rows.associateBy { it.shape to it.combination }
        val head = "| messages | " + combinations.joinToString(" | ") { it.case } + " |\n" +
            "| --- |" + " --- |".repeat(combinations.size) + "\n"
        return head + shapes.joinToString("") { shape ->
            val cells = combinations.map { byPlace[shape to it]?.let(::cell) ?: "failed" }
            "| $shape | ${cells.joinToString(" | ")} |\n"
        }
    }

    private fun cell(row: Row) =
        String.format(Locale.ROOT, "%.3f / %.3f", row.sentRatio, row.receivedRatio)

    private fun line(row: Row): String = listOf(
        row.library.name.lowercase(),
        row.role.name.lowercase(),
        row.combination.case,
        row.shape.type.name.lowercase(),
        row.shape.size,
        row.shape.fragment,
        row.messages,
        row.millis,
        row.stats.outgoingBytesAppLevel,
        row.stats.outgoingBytesWireLevel,
        row.stats.incomingBytesWireLevel,
        row.stats.outgoingWebSocketFrames,
        row.stats.incomingWebSocketFrames,
    ).joinToString(",")

    private companion object {
        const val COLUMNS =
            "peer,our role,case,type,size,fragment,messages,milliseconds,payload bytes," +
                "wire bytes sent,wire bytes received,frames sent,frames received"
        const val LEGEND = "Bytes on the wire for each byte of payload: as Kobahn sent it / as " +
            "the peer sent it back."

        fun heading(library: DeflateLibrary, role: OurRole): String {
            val name = library.name.lowercase()
            return when (role) {
                OurRole.CLIENT -> "Our client, $name as server"
                OurRole.SERVER -> "Our server, $name as client"
            }
        }
    }
}
