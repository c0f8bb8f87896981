package dev.kobahn.java;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kobahn.CloseStatus;
import dev.kobahn.ConnectionClosedException;
import dev.kobahn.Message;
import dev.kobahn.protocol.CloseCode;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class AsyncWebSocketTest {
    @Test
    void anEchoServerAndAClientExchangeEveryKindOfMessage() throws Exception {
        try (RunningServer running = RunningServer.of(new Recorder.Echo())) {
            Recorder recorder = new Recorder();
            AsyncClientWebSocket webSocket = running.connect(recorder);
            assertEquals("open", recorder.next());
            Futures.get(webSocket.send("hello"));
            assertEquals("text hello", recorder.next());
            Futures.get(webSocket.send(new byte[] {1, 2, 3}));
            assertEquals("binary 3", recorder.next());
            Futures.get(webSocket.send(new Message.Text("again")));
            assertEquals("text again", recorder.next());
        }
    }

    @Test
    void messagesLeaveInTheOrderOfTheCallsWithoutWaiting() throws Exception {
        try (RunningServer running = RunningServer.of(new Recorder.Echo())) {
            Recorder recorder = new Recorder();
            AsyncWebSocket webSocket = running.connect(recorder);
            assertEquals("open", recorder.next());
            List<CompletableFuture<?>> sent = new ArrayList<>();
            for (int i = 0; i < 1000; i++) sent.add(webSocket.send("m" + i));
            for (int i = 0; i < 1000; i++) assertEquals("text m" + i, recorder.next());
            for (CompletableFuture<?> each : sent) Futures.get(each);
        }
    }

    @Test
    void closingGivesTheStatusToBothEnds() throws Exception {
        Recorder server = new Recorder();
        try (RunningServer running = RunningServer.of(server)) {
            Recorder client = new Recorder();
            AsyncWebSocket webSocket = running.connect(client);
            assertNull(webSocket.closeStatus());
            CompletableFuture<CloseStatus> awaited = webSocket.awaitClosed();
            CloseStatus status = Futures.get(webSocket.close(3001, "done"));

            assertTrue(status.wasClean());
            assertSame(status, client.status());
            assertSame(status, Futures.get(awaited));
            assertSame(status, webSocket.closeStatus());
            assertEquals(3001, server.status().getCode());
            assertEquals("done", server.status().getReason());
            assertEquals("open", client.next());
            assertEquals("close 1000", client.next());
        }
    }

    @Test
    void theShortFormsOfCloseSayWhatTheyLeaveOut() {
        Recorder server = new Recorder();
        try (RunningServer running = RunningServer.of(server)) {
            Futures.get(running.connect(new Recorder()).close());
            assertEquals(1000, server.status().getCode());
        }
        Recorder other = new Recorder();
        try (RunningServer running = RunningServer.of(other)) {
            Futures.get(running.connect(new Recorder()).close(4000));
            assertEquals(4000, other.status().getCode());
            assertEquals("", other.status().getReason());
        }
    }

    @Test
    void aCodeThatMustNotBeSentFailsTheFutureAndLeavesTheConnectionOpen() throws Exception {
        try (RunningServer running = RunningServer.of(new Recorder.Echo())) {
            Recorder recorder = new Recorder();
            AsyncWebSocket webSocket = running.connect(recorder);
            Futures.failure(
                IllegalArgumentException.class,
                webSocket.close(CloseCode.ABNORMAL_CLOSURE));
            webSocket.send("still here");
            assertEquals("open", recorder.next());
            assertEquals("text still here", recorder.next());
        }
    }

    @Test
    void whatIsCalledAfterTheEndIsAnswered() {
        try (RunningServer running = RunningServer.of(new Recorder.Echo())) {
            Recorder recorder = new Recorder();
            AsyncWebSocket webSocket = running.connect(recorder);
            CloseStatus status = Futures.get(webSocket.close());
            assertSame(status, recorder.status());
            ConnectionClosedException late =
                Futures.failure(ConnectionClosedException.class, webSocket.send("late"));
            assertEquals(status.getCode(), late.getStatus().getCode());
            Futures.failure(ConnectionClosedException.class, webSocket.ping(TimeUnit.SECONDS));
            assertSame(status, Futures.get(webSocket.close()));
            assertSame(status, Futures.get(webSocket.awaitClosed()));
        }
    }

    @Test
    void aPingGivesItsTimeInTheUnitAskedForAndAsDuration() {
        try (RunningServer running = RunningServer.of(new Recorder.Echo())) {
            AsyncWebSocket webSocket = running.connect(new Recorder());
            long nanos = Futures.get(webSocket.ping(TimeUnit.NANOSECONDS));
            assertTrue(nanos > 0, "took " + nanos);
            assertTrue(Futures.get(webSocket.ping(TimeUnit.MINUTES)) < Recorder.SECONDS);
            Duration time = Futures.get(webSocket.ping());
            assertFalse(time.isNegative() || time.isZero(), "took " + time);
        }
    }

    @Test
    void cancellingAFutureEndsTheWaitingOnly() throws Exception {
        try (RunningServer running = RunningServer.of(new Recorder.Echo())) {
            Recorder recorder = new Recorder();
            AsyncWebSocket webSocket = running.connect(recorder);
            CompletableFuture<CloseStatus> awaited = webSocket.awaitClosed();
            assertTrue(awaited.cancel(true));
            webSocket.send("still here");
            assertEquals("open", recorder.next());
            assertEquals("text still here", recorder.next());
        }
    }

    @Test
    void droppingEndsTheConnectionWithoutAClose() {
        Recorder server = new Recorder();
        try (RunningServer running = RunningServer.of(server)) {
            Recorder client = new Recorder();
            running.connect(client).drop();
            assertFalse(client.status().wasClean());
            assertEquals(CloseCode.ABNORMAL_CLOSURE, server.status().getCode());
        }
    }

    @Test
    void requestingNothingIsAnError() {
        try (RunningServer running = RunningServer.of(new Recorder.Echo())) {
            AsyncWebSocket webSocket = running.connect(new Recorder());
            assertThrows(IllegalArgumentException.class, () -> webSocket.request(0));
            assertThrows(IllegalArgumentException.class, () -> webSocket.request(-1));
        }
    }
}
