package dev.kobahn.samples

import java.io.File
import java.io.FileDescriptor
import java.io.FileInputStream
import java.io.FileOutputStream
import java.io.IOException
import java.io.InputStream
import java.io.OutputStream

/** What a sample reads and writes: the process's standard streams, or a test's. */
internal class Console(
    /** Bytes in. Reading blocks. */
    val input: InputStream,
    /** Bytes out: what the sample is for. Unbuffered. */
    val output: OutputStream,
    /** Bytes out: what is said about it. Unbuffered. */
    val errors: OutputStream,
    /** Whether somebody looks at [output] on a terminal, which what is written could command. */
    val isTerminal: Boolean = false,
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
            isTerminal = isTerminal(),
        )

        /** [System.console] is for terminals at both ends only, and on newer JDKs for none at all. */
        private fun isTerminal(): Boolean = try {
            val output = File("/dev/fd/1").canonicalPath
            output.startsWith("/dev/pts/") || output.startsWith("/dev/tty")
        } catch (_: IOException) {
            System.console() != null
        }
    }
}
