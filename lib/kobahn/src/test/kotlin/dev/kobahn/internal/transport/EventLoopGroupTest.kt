package dev.kobahn.internal.transport

import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldBeEmpty
import io.kotest.matchers.collections.shouldHaveSize
import io.kotest.matchers.longs.shouldBeLessThanOrEqual
import io.kotest.matchers.shouldBe
import io.kotest.matchers.types.shouldBeSameInstanceAs
import kotlinx.coroutines.withContext

private fun threads(prefix: String) =
    Thread.getAllStackTraces().keys.filter { it.name.startsWith(prefix) && it.isAlive }

internal class EventLoopGroupTest :
    FunSpec({
        timeout = 30_000

        test("a lease returns the loops in turn, and starts them when they are needed") {
            val group = EventLoopGroup("in-turn", 3)
            val lease = group.acquire()
            threads("in-turn").shouldBeEmpty()
            val first = lease.next()
            threads("in-turn") shouldHaveSize 1
            val others = List(2) { lease.next() }
            lease.next() shouldBeSameInstanceAs first
            (others + first).toSet() shouldHaveSize 3
            lease.release()
            group.awaitStopped()
        }

        test("releasing the last lease stops the loops, and a later lease starts new ones") {
            val group = EventLoopGroup("restarted", 2)
            repeat(3) {
                val leases = List(3) { group.acquire() }
                val loop = leases[0].next()
                leases.take(2).forEach { it.release() }
                leases[0].release()
                withContext(loop.dispatcher) { loop.isCurrent } shouldBe true
                leases[2].next().toString() shouldBe "restarted-1"
                leases[2].release()
                group.awaitStopped()
                threads("restarted").filter { it.state != Thread.State.TERMINATED }
                    .onEach { it.join() }
                threads("restarted").shouldBeEmpty()
            }
        }

        test("the last lease may be released on a loop") {
            val group = EventLoopGroup("self-stopping", 1)
            val lease = group.acquire()
            withContext(lease.next().dispatcher) { lease.release() }
            group.awaitStopped()
            threads("self-stopping").onEach { it.join() }
            threads("self-stopping").shouldBeEmpty()
        }

        test("the loops of a group keep the JVM alive on request") {
            val group = EventLoopGroup("staying", 2, keepsAlive = true)
            val lease = group.acquire()
            lease.next()
            threads("staying").map { it.isDaemon } shouldBe listOf(false)
            lease.release()
            group.awaitStopped()
            threads("staying").onEach { it.join() }
            threads("staying").shouldBeEmpty()
            val other = EventLoopGroup("leaving", 1)
            val otherLease = other.acquire()
            otherLease.next()
            threads("leaving").map { it.isDaemon } shouldBe listOf(true)
            otherLease.release()
            other.awaitStopped()
        }

        test("a released lease returns no loop") {
            val lease = EventLoopGroup("released", 1).acquire()
            lease.release()
            shouldThrow<IllegalStateException> { lease.next() }
        }

        test("loops leave no file descriptor behind") {
            val group = EventLoopGroup("descriptors", 2)
            EventLoopGroup.shared.awaitStopped()
            repeat(2) { useOnce(group) }
            val before = openDescriptors()
            repeat(20) { useOnce(group) }
            // Fewer are no leak: the JVM may have closed a file of its own.
            openDescriptors() shouldBeLessThanOrEqual before
        }
    })

private suspend fun useOnce(group: EventLoopGroup) {
    val lease = group.acquire()
    val (first, second) = connectedPair(Endpoint.Tcp("127.0.0.1", 0), lease)
    val recorders = listOf(first.record(), second.record())
    first.send(byteArrayOf(1))
    recorders[1].awaitBytes(1)
    // Still open when the group stops, which has to close them.
    lease.release()
    group.awaitStopped()
    recorders.forEach { it.closed.await() }
}
