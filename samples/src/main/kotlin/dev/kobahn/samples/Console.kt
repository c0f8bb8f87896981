package dev.kobahn.samples

import java.io.FileDescriptor
import java.io.FileInputStream
import java.io.FileOutputStream
import java.io.InputStream
import java.io.OutputStream

/** What a sample reads and writes: the process's standard streams, or a test's. */
internal class Console(
    /** Octets in. Reading blocks. */
    val input: InputStream,
    /** Octets out: what the sample is for. Unbuffered. */
    val output: OutputStream,
    /** Octets out: what is said about it. Unbuffered. */
    val errors: OutputStream,
) {
    /** Writes [text] as a line of output, which is seen at once. */
    fun line(text: String) = output.writeLine(text)

    /** Writes [text] as a line of errors. */
    fun note(text: String) = errors.writeLine(text)

    private fun OutputStream.writeLine(text: String) {
        write("$text\n".toByteArray())
        flush()
    }

    companion object {
        /** The process's own streams; [System.out] would hide that nobody reads any more. */
        val SYSTEM = Console(
            FileInputStream(FileDescriptor.`in`),
            FileOutputStream(FileDescriptor.out),
            FileOutputStream(FileDescriptor.err),
        )
    }
}
