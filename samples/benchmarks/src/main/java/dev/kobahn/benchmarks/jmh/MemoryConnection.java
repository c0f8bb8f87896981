package dev.kobahn.benchmarks.jmh;

import dev.kobahn.WebSocketServerOptions;
import dev.kobahn.benchmarks.EchoHandler;
import dev.kobahn.internal.connection.Loop;
import dev.kobahn.internal.connection.Transport;
import dev.kobahn.internal.connection.TransportListener;
import dev.kobahn.internal.server.ServerConnection;
import dev.kobahn.internal.server.Place;
import dev.kobahn.internal.server.Places;
import dev.kobahn.internal.server.RealWebSocketServer;
import dev.kobahn.internal.server.ServerContext;
import dev.kobahn.internal.transport.EventLoop;
import dev.kobahn.internal.transport.EventLoopGroup;
import dev.kobahn.protocol.ByteQueue;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.Selector;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.CompletableFuture;
import kotlin.Unit;
import kotlinx.coroutines.CoroutineScopeKt;

/**
 * One connection of a server on an event loop of its own, with its handler, whose bytes come from
 * memory and go there. Everything is the library's but the socket: what Kotlin calls internal is
 * public for Java.
 */
final class MemoryConnection implements Transport, AutoCloseable {
    private static final String REQUEST = "GET / HTTP/1.1\r\nHost: localhost\r\n"
        + "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

    private final EventLoop loop = new EventLoop("memory", true, true, MemoryConnection::openSelector);
    private final ByteQueue output = new ByteQueue(loop.getSegments());
    private final byte[] frame;
    private final int answerSize;
    private TransportListener listener;
    private long received;
    private boolean paused;

    /** Made once, so that only what the library allocates is counted. */
    private final Runnable step = this::step;

    // Of the echoes under way.
    private int left;
    private long missing;
    private CompletableFuture<Void> done;

    /** A connection that is open; its client sends one masked frame again and again. */
    MemoryConnection(byte[] frame) throws Exception {
        this.frame = frame;
        answerSize = frame.length - 4;
        loop.start();
        WebSocketServerOptions options = new WebSocketServerOptions();
        EchoHandler.configure(options, frame.length);
        ServerContext context = new ServerContext(
            options,
            CoroutineScopeKt.CoroutineScope(loop.getDispatcher()),
            new RealWebSocketServer(options, null, EventLoopGroup.Companion.getShared()),
            new Places(0));
        CompletableFuture<Void> opened = new CompletableFuture<>();
        loop.execute(() -> {
            new ServerConnection(this, context, Place.CONNECTION, null, connection -> Unit.INSTANCE)
                .start();
            feed(REQUEST.getBytes(StandardCharsets.US_ASCII));
            loop.execute(() -> {
                drain();
                opened.complete(null);
            });
        });
        opened.get();
    }

    private static Selector openSelector() {
        try {
            return Selector.open();
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }

    /** Blocks until the frame has come and been answered count times. */
    void echo(int count) throws Exception {
        done = new CompletableFuture<>();
        left = count;
        missing = (long) count * answerSize;
        loop.execute(step);
        done.get();
    }

    /** As a turn of the loop with a socket: write what the last frame made, read the next. */
    private void step() {
        missing -= drain();
        if (left > 0 && !paused) {
            left--;
            feed(frame);
        } else if (left == 0 && missing <= 0) {
            if (missing == 0) done.complete(null);
            else done.completeExceptionally(new IllegalStateException("more came than was sent"));
            return;
        }
        // Behind the handler, which the frame has woken.
        loop.execute(step);
    }

    private void feed(byte[] bytes) {
        ByteBuffer input = loop.getReadBuffer();
        for (int start = 0; start < bytes.length; start += input.capacity()) {
            int count = Math.min(input.capacity(), bytes.length - start);
            input.clear().put(bytes, start, count).flip();
            received += count;
            listener.onBytes(input);
        }
    }

    private int drain() {
        int all = 0;
        ByteBuffer buffer = loop.getWriteBuffer();
        while (!output.isEmpty()) {
            buffer.clear();
            int count = output.copyTo(buffer);
            output.remove(count);
            all += count;
        }
        if (all > 0) listener.onWritten(0);
        return all;
    }

    @Override
    public Loop getLoop() {
        return loop;
    }

    @Override
    public String getPeer() {
        return "memory:1";
    }

    @Override
    public String getLocal() {
        return "memory:2";
    }

    @Override
    public long getReceived() {
        return received;
    }

    @Override
    public ByteQueue getOutput() {
        return output;
    }

    @Override
    public void start(TransportListener listener) {
        this.listener = listener;
    }

    /** The next step writes. */
    @Override
    public void flush() {}

    @Override
    public void writeNow() {
        // Everything is written in each step.
    }

    @Override
    public boolean readOnce() {
        return false;
    }

    @Override
    public void pauseReading() {
        paused = true;
    }

    @Override
    public void resumeReading() {
        paused = false;
    }

    @Override
    public void shutdownOutput() {}

    @Override
    public void close() {
        loop.execute(() -> listener.onClosed(null));
        loop.stop();
    }
}
