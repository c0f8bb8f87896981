package dev.kobahn.internal.transport

import java.io.IOException
import java.net.BindException
import java.net.ConnectException
import java.nio.file.Files
import java.nio.file.LinkOption
import java.nio.file.Path
import java.nio.file.Paths
import java.nio.file.attribute.BasicFileAttributes

/** Marks classes that a client never reaches, and that Android has from API 26 on. */
@Retention(AnnotationRetention.BINARY)
@Target(AnnotationTarget.CLASS)
internal annotation class UsesFiles

/**
 * The file of a listening Unix socket. The system leaves it behind when a server ends, and refuses
 * to bind the path as long as there is one. Its methods may block.
 */
@UsesFiles
internal class UnixSocketFile(path: String) {
    private val path: Path = Paths.get(path)

    /** The identity of the file, once the socket is bound. */
    private var key: Any? = null

    /** Whether there is a file in the way. Throws [BindException] if it is no socket. */
    fun isInTheWay(): Boolean {
        if (!Files.exists(path, LinkOption.NOFOLLOW_LINKS)) return false
        if (!isSocket()) throw BindException("the file exists and is no socket")
        return true
    }

    private fun isSocket(): Boolean = try {
        val mode = Files.getAttribute(path, "unix:mode", LinkOption.NOFOLLOW_LINKS) as Int
        mode and TYPE_MASK == SOCKET
    } catch (_: UnsupportedOperationException) {
        // The system has no Unix file modes.
        attributes().isOther
    }

    /** Removes what a server that has ended left behind. */
    fun removeStale() {
        Files.deleteIfExists(path)
    }

    /** The socket is bound, and the file is its own from now on. */
    fun onBound() {
        key = attributes().fileKey()
    }

    /** Removes the file, unless another server has put its own there. */
    fun remove() {
        try {
            if (attributes().fileKey() == key) Files.deleteIfExists(path)
        } catch (_: IOException) {
            // It is gone already, or cannot be removed: then the next server finds it stale.
        }
    }

    private fun attributes() = Files.readAttributes(
        path,
        BasicFileAttributes::class.java,
        LinkOption.NOFOLLOW_LINKS,
    )

    private companion object {
        const val TYPE_MASK = 0xF000
        const val SOCKET = 0xC000
    }
}

/**
 * Makes way for a socket at this path: removes the file of a server that has ended. Throws
 * [BindException] if a server [answers] there, or if the file is no socket.
 */
internal suspend fun UnixSocketFile.makeWay(answers: suspend () -> Boolean) {
    if (!isInTheWay()) return
    val isInUse = try {
        answers()
    } catch (_: ConnectException) {
        false
    }
    if (isInUse) throw BindException("Address already in use: a server listens there")
    removeStale()
}
