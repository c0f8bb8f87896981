package dev.kobahn.samples

import java.io.File
import java.io.FileDescriptor
import java.io.FileInputStream
import java.io.FileOutputStream
import java.io.IOException
import java.io.InputStream
import java.io.OutputStream

/** The streams of a sample: the standard streams of the process, or those of a test. */
internal class Console(
    /** Standard input. Reading blocks. */
    val input: InputStream,
    /** The stream for results. Unbuffered. */
    val output: OutputStream,
    /** The stream for notes and errors. Unbuffered. */
    val errors: OutputStream,
    /** Whether [output] is a terminal, which control characters could command. */
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
        /** The streams of the process. [System.out] would hide that its reader is gone. */
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
