package dev.kobahn.internal.group

import dev.kobahn.ConnectionClosedException
import dev.kobahn.PreparedMessage
import dev.kobahn.SlowConsumer
import dev.kobahn.WebSocket
import dev.kobahn.protocol.CloseFrame
import java.util.concurrent.ConcurrentHashMap
import java.util.concurrent.atomic.AtomicLong
import kotlin.time.Duration
import kotlinx.coroutines.CoroutineDispatcher
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.SupervisorJob
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.joinAll
import kotlinx.coroutines.launch
import kotlinx.coroutines.withContext
import kotlinx.coroutines.withTimeoutOrNull

/**
 * The members of a group and the operations on all of them. A member with room gets a message at
 * once, on the caller's thread. Only slow members need a coroutine to send; each member also has
 * one that waits for its end. These coroutines have no parent job: each ends with its connection.
 *
 * @param F the type by which the application knows members
 */
internal class Group<F : Any>(
    private val slowConsumer: SlowConsumer,
    private val dispatcher: CoroutineDispatcher = Dispatchers.Default,
) {
    private val scope = CoroutineScope(SupervisorJob() + dispatcher)
    private val byFace = ConcurrentHashMap<F, Member<F>>()
    private val dropped = AtomicLong()

    val size: Int get() = byFace.size

    val members: List<F> get() = byFace.values.map { it.face }

    val droppedMessages: Long get() = dropped.get()

    operator fun contains(face: F): Boolean = byFace.containsKey(face)

    fun add(face: F, webSocket: WebSocket): Boolean {
        val member = Member(face, webSocket, slowConsumer, scope, dropped)
        val watch = scope.launch(Dispatchers.Unconfined, CoroutineStart.LAZY) {
            webSocket.awaitClosed()
            leave(member)
        }
        member.watch = watch
        if (byFace.putIfAbsent(face, member) != null) {
            watch.cancel()
            return false
        }
        watch.start()
        return true
    }

    fun remove(face: F): Boolean {
        val member = byFace.remove(face) ?: return false
        member.end()
        return true
    }

    private fun leave(member: Member<F>) {
        if (byFace.remove(member.face, member)) member.end()
    }

    suspend fun broadcast(message: PreparedMessage): Int {
        if (slowConsumer !is SlowConsumer.Suspend) return trySend(message)
        val slow = ArrayList<Member<F>>(0)
        try {
            return toAll { member ->
                val isSent = member.trySend(message)
                val isSlow = !isSent && !member.isUndecided
                if (isSlow) slow.add(member)
                isSent || isSlow
            }
        } finally {
            if (slow.isNotEmpty()) sendTo(slow, message)
        }
    }

    /** Starts to send the message to every slow member, and then waits for all of them. */
    private suspend fun sendTo(slow: List<Member<F>>, message: PreparedMessage) = coroutineScope {
        for (member in slow) {
            launch(start = CoroutineStart.UNDISPATCHED) {
                try {
                    member.webSocket.send(message)
                } catch (_: ConnectionClosedException) {
                    // The connection ended meanwhile and leaves the group by itself.
                }
            }
        }
    }

    fun trySend(message: PreparedMessage): Int {
        check(slowConsumer !is SlowConsumer.Suspend) { "a group that suspends can only broadcast" }
        return toAll { member ->
            val isMember = member.sendOrEnqueue(message)
            if (isMember == false) leave(member)
            isMember == true
        }
    }

    /**
     * Calls [send] for each member and returns how many returned true. A failure with one member
     * does not affect the others; it is thrown at the end.
     */
    private inline fun toAll(send: (Member<F>) -> Boolean): Int {
        var count = 0
        var failure: Exception? = null
        for (member in byFace.values) {
            try {
                if (send(member)) count++
            } catch (_: ConnectionClosedException) {
                leave(member)
            } catch (other: Exception) {
                failure = other
            }
        }
        if (failure != null) throw failure
        return count
    }

    suspend fun closeAll(code: Int, reason: String, timeout: Duration) {
        CloseFrame.of(code, reason)
        val all = byFace.values.filterNot { it.isUndecided }.map { it.webSocket }
        val closing = all.map { webSocket ->
            scope.launch(start = CoroutineStart.UNDISPATCHED) {
                try {
                    webSocket.close(code, reason)
                } catch (_: ConnectionClosedException) {
                    // The connection ended before it was open.
                }
            }
        }
        // On the group's dispatcher: the caller's clock may be virtual, but the connections use
        // real time.
        withContext(dispatcher) { withTimeoutOrNull(timeout) { closing.joinAll() } }
        all.forEach { if (it.closeStatus == null) it.drop() }
        closing.forEach { it.join() }
    }
}
