package dev.kobahn.internal.transport

import java.io.IOException
import java.lang.management.ManagementFactory
import java.nio.file.Files
import java.nio.file.Path
import javax.management.ObjectName

/** The number of files, sockets and selectors that this process has open, or 0 if unknown. */
internal fun openDescriptors(): Long {
    val system = ObjectName(ManagementFactory.OPERATING_SYSTEM_MXBEAN_NAME)
    val server = ManagementFactory.getPlatformMBeanServer()
    val known = server.getMBeanInfo(system).attributes.any { it.name == COUNT }
    return if (known) server.getAttribute(system, COUNT) as Long else 0
}

/**
 * The number of sockets that this process has open. Unlike [openDescriptors] it does not count files
 * that the JVM opens meanwhile, if the system distinguishes them.
 */
internal fun openSockets(): Long {
    val descriptors = Path.of("/proc/self/fd")
    if (!Files.isDirectory(descriptors)) return openDescriptors()
    return Files.list(descriptors).use { all -> all.filter(::isSocket).count() }
}

private fun isSocket(descriptor: Path): Boolean = try {
    Files.readSymbolicLink(descriptor).toString().startsWith("socket:")
} catch (_: IOException) {
    // Closed since it was listed, as the descriptor of the listing itself is.
    false
}

private const val COUNT = "OpenFileDescriptorCount"
