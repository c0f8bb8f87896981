package dev.kobahn.samples.android

import dev.kobahn.samples.Console
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.cancelChildren
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.flow.MutableStateFlow
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withContext

/** Runs a [Feed] of the URL in the first argument, with standard input as the device. */
fun main(args: Array<String>) = runBlocking { runFeed(args.single(), Console.SYSTEM) }

/**
 * Runs a [Feed] of [url] and prints its state. The lines of the input are the device: `network wifi`,
 * `network none`, `hide`, `show`; other lines are sent. Returns at the end of the input.
 */
internal suspend fun runFeed(url: String, console: Console) = coroutineScope {
    val network = MutableStateFlow<String?>("wifi")
    val isVisible = MutableStateFlow(true)
    val feed = Feed(this, url, network, isVisible)
    val screen = launch { show(feed, console) }
    val lines = console.input.bufferedReader()
    while (true) {
        val line = withContext(Dispatchers.IO) { lines.readLine() } ?: break
        when (line) {
            "network none" -> network.value = null
            "hide" -> isVisible.value = false
            "show" -> isVisible.value = true
            else -> if (line.startsWith("network ")) network.value = line else feed.send(line)
        }
    }
    screen.cancel()
    coroutineContext.cancelChildren()
}

private suspend fun show(feed: Feed, console: Console) {
    var shown = FeedState()
    feed.state.collect { state ->
        if (state.isConnected != shown.isConnected) {
            console.line(if (state.isConnected) "connected" else "not connected")
        }
        state.lines.drop(shown.lines.size).forEach { console.line("< $it") }
        shown = state
    }
}
