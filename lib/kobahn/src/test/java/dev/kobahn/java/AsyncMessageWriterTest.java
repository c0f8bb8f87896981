package dev.kobahn.java;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.kobahn.protocol.MessageType;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Each of what depends on a future waits for the next step of the message. */
@Timeout(60)
class AsyncMessageWriterTest {
    /** More than the buffers of the system hold, so that it waits for the peer. */
    private static final byte[] LONG = new byte[15_000_000];

    private static <T> CompletableFuture<Void> after(
            CompletableFuture<T> future, Supplier<CompletableFuture<Void>> next) {
        return future.thenAccept(it -> Futures.get(next.get()));
    }

    @Test
    void whatDependsOnBeginMessageMayWaitForTheWriter() throws Exception {
        Recorder server = new Recorder();
        try (RunningServer running = RunningServer.of(server)) {
            AsyncWebSocket webSocket = running.connect(new Recorder());
            AsyncMessageWriter first = Futures.get(webSocket.beginMessage(MessageType.TEXT));
            CompletableFuture<Void> second = webSocket.beginMessage(MessageType.TEXT)
                .thenAccept(writer -> {
                    Futures.get(writer.write("second"));
                    Futures.get(writer.end());
                });
            first.write("first");
            first.end();
            Futures.get(second);
            assertEquals("open", server.next());
            assertEquals("text first", server.next());
            assertEquals("text second", server.next());
        }
    }

    @Test
    void whatDependsOnAWriteMayWaitForTheNext() throws Exception {
        Recorder server = new Recorder();
        try (RunningServer running = RunningServer.of(server)) {
            AsyncWebSocket webSocket = running.connect(new Recorder());
            AsyncMessageWriter writer = Futures.get(webSocket.beginMessage(MessageType.BINARY));
            Futures.get(after(writer.write(LONG), writer::end));
        }
    }

    @Test
    void whatDependsOnBeginFrameMayWaitForTheNextWrite() throws Exception {
        Recorder server = new Recorder();
        try (RunningServer running = RunningServer.of(server)) {
            AsyncWebSocket webSocket = running.connect(new Recorder());
            AsyncMessageWriter writer = Futures.get(webSocket.beginMessage(MessageType.BINARY));
            writer.write(LONG);
            Futures.get(after(writer.beginFrame(1), () -> writer.write(new byte[1])));
            Futures.get(writer.end());
        }
    }

    @Test
    void whatDependsOnAFailedWriteMayWaitForTheNext() throws Exception {
        try (RunningServer running = RunningServer.of(new Recorder())) {
            AsyncWebSocket webSocket = running.connect(new Recorder());
            AsyncMessageWriter writer = Futures.get(webSocket.beginMessage(MessageType.BINARY));
            CompletableFuture<Void> first = writer.write(LONG);
            CompletableFuture<Void> second = new CompletableFuture<>();
            CompletableFuture<Void> last = first.handle((it, failure) -> Futures.get(second));
            writer.write(new byte[1]).whenComplete((it, failure) -> second.complete(null));
            webSocket.drop();
            Futures.get(last);
        }
    }
}
