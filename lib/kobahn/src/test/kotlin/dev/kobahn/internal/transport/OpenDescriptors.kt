package dev.kobahn.internal.transport

import java.io.IOException
import java.lang.management.ManagementFactory
import java.nio.file.Files
import java.nio.file.Path
import javax.management.ObjectName

/** How many files, sockets and selectors this process has open, or 0 where that is not known. */
internal fun openDescriptors(): Long {
    val system = ObjectName(ManagementFactory.OPERATING_SYSTEM_MXBEAN_NAME)
    val server = ManagementFactory.getPlatformMBeanServer()
    val known = server.getMBeanInfo(system).attributes.any { it.name == COUNT }
    return if (known) server.getAttribute(system, COUNT) as Long else 0
}

/**
 * How many sockets this process has open, which the files the JVM opens meanwhile do not change;
 * all descriptors where the system does not tell them apart.
 */
internal fun openSockets(): Long {
    val descriptors = Path.of("/proc/self/fd")
    if (!Files.isDirectory(descriptors)) return openDescriptors()
    return Files.list(descriptors).use { all -> all.filter(::isSocket).count() }
}

private fun isSocket(descriptor: Path): Boolean = try {
    Files.readSymbolicLink(descriptor).toString().startsWith("socket:")
} catch (_: IOException) {
    // Closed since it was listed, the listing's own descriptor for one.
    false
}

private const val COUNT = "OpenFileDescriptorCount"
