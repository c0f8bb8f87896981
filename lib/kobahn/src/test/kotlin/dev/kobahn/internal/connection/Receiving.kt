package dev.kobahn.internal.connection

import dev.kobahn.Message
import java.io.IOException
import kotlinx.coroutines.CoroutineDispatcher
import kotlinx.coroutines.Job
import kotlinx.coroutines.channels.ChannelResult
import kotlinx.coroutines.channels.ClosedReceiveChannelException
import kotlinx.coroutines.channels.ReceiveChannel
import kotlinx.coroutines.selects.select
import kotlinx.coroutines.yield

internal class CountingListener(override val dispatcher: CoroutineDispatcher? = null) :
    IncomingChannel.Listener {
    var spaces = 0
    var idles = 0
    var begun = 0

    override fun resumesOnCancellation(job: Job): Boolean = false

    override fun onReceive() {
        begun++
    }

    override fun onFull() = Unit

    override fun onSpace() {
        spaces++
    }

    override fun onIdle() {
        idles++
    }

    override fun closedException() = ClosedReceiveChannelException("end")
}

internal fun message(number: Int, size: Int = 100) = Message.Text("$number".padEnd(size))

internal val Message.number: Int get() = (this as Message.Text).text.trim().toInt()

internal typealias Receiving = suspend (ReceiveChannel<Message>) -> ChannelResult<Message>

@OptIn(kotlinx.coroutines.InternalCoroutinesApi::class)
private suspend fun catching(receive: suspend () -> Message): ChannelResult<Message> = try {
    ChannelResult.success(receive())
} catch (_: ClosedReceiveChannelException) {
    ChannelResult.closed(null)
} catch (failure: IOException) {
    ChannelResult.closed(failure)
}

/** Every way to receive, brought to one form. */
internal val WAYS: Map<String, Receiving> = mapOf(
    "receive" to { channel -> catching { channel.receive() } },
    "receiveCatching" to { channel -> channel.receiveCatching() },
    "tryReceive" to { channel ->
        var result = channel.tryReceive()
        while (result.isFailure && !result.isClosed) {
            yield()
            result = channel.tryReceive()
        }
        result
    },
    "iterator" to { channel ->
        catching {
            val iterator = channel.iterator()
            if (iterator.hasNext()) iterator.next() else throw ClosedReceiveChannelException("end")
        }
    },
    "onReceive" to { channel -> catching { select { channel.onReceive { it } } } },
    "onReceiveCatching" to { channel -> select { channel.onReceiveCatching { it } } },
)

internal fun incomingMessages(limit: Long, listener: IncomingChannel.Listener) =
    IncomingChannel<Message>(limit, listener) { maxOf(it.size.toLong(), 64L) }
