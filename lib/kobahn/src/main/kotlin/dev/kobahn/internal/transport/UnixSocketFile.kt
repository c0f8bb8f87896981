package dev.kobahn.internal.transport

import java.io.IOException
import java.net.BindException
import java.net.ConnectException
import java.net.SocketException
import java.nio.file.FileAlreadyExistsException
import java.nio.file.Files
import java.nio.file.LinkOption
import java.nio.file.NoSuchFileException
import java.nio.file.Path
import java.nio.file.Paths
import java.nio.file.StandardCopyOption
import java.nio.file.attribute.BasicFileAttributes
import java.nio.file.attribute.FileTime
import java.util.UUID

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

    /** The own file, once the socket is bound. */
    private var own: Identity? = null

    /** A file, told from a later one at the same path. A renamed file stays the same. */
    @UsesFiles
    data class Identity(private val key: Any?, private val time: FileTime)

    /** Returns the file in the way, or null. Throws [BindException] if it is no socket. */
    fun inTheWay(): Identity? = try {
        if (!isSocket()) throw BindException("the file exists and is no socket")
        identity(path)
    } catch (_: NoSuchFileException) {
        null
    }

    /** Whether a file is in the way. */
    fun exists(): Boolean = Files.exists(path, LinkOption.NOFOLLOW_LINKS)

    private fun isSocket(): Boolean = try {
        val mode = Files.getAttribute(path, "unix:mode", LinkOption.NOFOLLOW_LINKS) as Int
        mode and TYPE_MASK == SOCKET
    } catch (_: UnsupportedOperationException) {
        // The system has no Unix file modes.
        attributes(path).isOther
    }

    /**
     * Removes [stale], the file of a server that has ended. Throws [BindException] if another
     * server has put its own there meanwhile. Renames the file first, so that no file is deleted
     * that was not looked at.
     */
    fun removeStale(stale: Identity) {
        val aside = path.resolveSibling(".${UUID.randomUUID()}")
        try {
            Files.move(path, aside, StandardCopyOption.ATOMIC_MOVE)
        } catch (_: NoSuchFileException) {
            return
        }
        val isStale = identity(aside) == stale
        if (!isStale) putBack(aside)
        Files.deleteIfExists(aside)
        if (!isStale) throw BindException(IN_USE)
    }

    private fun putBack(aside: Path) {
        try {
            Files.move(aside, path)
        } catch (_: FileAlreadyExistsException) {
            // A third server was faster.
        }
    }

    /** The socket is bound, and the file is its own from now on. */
    fun onBound() {
        own = identity(path)
    }

    /** Removes the file, unless another server has put its own there. */
    fun remove() {
        try {
            if (identity(path) == own) Files.deleteIfExists(path)
        } catch (_: IOException) {
            // It is gone already, or cannot be removed: then the next server finds it stale.
        }
    }

    private fun identity(file: Path) =
        attributes(file).let { Identity(it.fileKey(), it.lastModifiedTime()) }

    private fun attributes(file: Path) = Files.readAttributes(
        file,
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
 * [BindException] if a server [answers] there or has begun meanwhile, or if the file is no socket.
 */
internal suspend fun UnixSocketFile.makeWay(answers: suspend () -> Boolean) {
    val stale = inTheWay() ?: return
    val isInUse = try {
        answers()
    } catch (_: ConnectException) {
        false
    } catch (failure: SocketException) {
        // The server has ended meanwhile, and its file is gone.
        if (exists()) throw failure
        false
    }
    if (isInUse) throw BindException(IN_USE)
    removeStale(stale)
}

private const val IN_USE = "Address already in use: a server listens there"
