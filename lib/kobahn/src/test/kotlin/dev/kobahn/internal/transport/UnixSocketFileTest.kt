package dev.kobahn.internal.transport

import dev.kobahn.internal.server.bindUnix
import dev.kobahn.internal.server.leaveBehind
import dev.kobahn.internal.server.unixAddress
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.annotation.EnabledIf
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldBeEmpty
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.shouldBe
import java.io.File
import java.net.BindException
import java.net.SocketException
import java.nio.channels.ServerSocketChannel
import java.nio.channels.SocketChannel
import java.nio.file.Files

@EnabledIf(UnixSockets::class)
class UnixSocketFileTest :
    FunSpec({
        val folder = Files.createTempDirectory("kobahn").toFile()
        afterSpec { folder.deleteRecursively() }
        val path = File(folder, "a.sock")

        afterTest { folder.listFiles()!!.forEach(File::delete) }

        /** Leaves the file of a server that ended long ago. */
        fun leaveOld() {
            leaveBehind(path.path)
            path.setLastModified(0) shouldBe true
        }

        test("a stale file is removed, and nothing is left") {
            leaveOld()
            UnixSocketFile(path.path).makeWay { false }
            folder.list()!!.toList().shouldBeEmpty()
        }

        test("a stale file that another server removes first is no error") {
            leaveOld()
            UnixSocketFile(path.path).makeWay {
                path.delete()
                false
            }
            folder.list()!!.toList().shouldBeEmpty()
        }

        test("a server that ends while its file is looked at is no error") {
            leaveOld()
            UnixSocketFile(path.path).makeWay {
                path.delete()
                throw SocketException("No such file or directory")
            }
            folder.list()!!.toList().shouldBeEmpty()
        }

        test("another failure of the look at a file is told") {
            leaveOld()
            shouldThrow<SocketException> {
                UnixSocketFile(path.path).makeWay { throw SocketException("Permission denied") }
            }
        }

        test("the file of a server that begins while the old file is looked at stays") {
            leaveOld()
            lateinit var other: ServerSocketChannel
            val failure = shouldThrow<BindException> {
                UnixSocketFile(path.path).makeWay {
                    path.delete()
                    other = bindUnix(path.path)
                    false
                }
            }
            failure.message shouldBe "Address already in use: a server listens there"
            folder.list()!!.toList() shouldContainExactly listOf("a.sock")
            SocketChannel.open(unixAddress(path.path)).close()
            other.close()
        }
    })
