package dev.kobahn.java;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kobahn.ReadingPausedException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** A listener gets no more than it asked for, and its peer no further than the bounds. */
class DemandTest {
    @Test
    void aListenerGetsAsManyMessagesAsItAskedFor() throws Exception {
        try (RunningServer running = RunningServer.of(new Recorder.Echo())) {
            Recorder recorder = new Recorder(1);
            AsyncWebSocket webSocket = running.connect(recorder);
            for (int i = 1; i <= 6; i++) webSocket.send("m" + i);
            assertEquals("open", recorder.next());
            assertEquals("text m1", recorder.next());
            settle(webSocket);
            assertTrue(recorder.events.isEmpty(), "too much: " + recorder.events);

            webSocket.request(2);
            assertEquals("text m2", recorder.next());
            assertEquals("text m3", recorder.next());
            settle(webSocket);
            assertTrue(recorder.events.isEmpty(), "too much: " + recorder.events);

            webSocket.request(1);
            webSocket.request(Long.MAX_VALUE);
            for (int i = 4; i <= 6; i++) assertEquals("text m" + i, recorder.next());
            webSocket.send("and for ever");
            assertEquals("text and for ever", recorder.next());
        }
    }

    /** Pongs come behind the messages: after two of them all that was sent is back. */
    private static void settle(AsyncWebSocket webSocket) {
        Futures.get(webSocket.ping(TimeUnit.NANOSECONDS));
        Futures.get(webSocket.ping(TimeUnit.NANOSECONDS));
    }

    @Test
    void aListenerThatAsksForNothingHoldsItsPeerBack() throws Exception {
        Recorder server = new Recorder(0);
        try (RunningServer running = new RunningServer(builder -> builder
            .maxIncomingQueueSize(64 * 1024)
            .onConnect(handshake -> handshake.accept(server)))) {
            AsyncWebSocket client = running.connect(new Recorder());
            CompletableFuture<Void> last = CompletableFuture.completedFuture(null);
            int sent = 0;
            while (last.isDone() && sent < MANY) {
                last = client.send(new byte[64 * 1024]);
                sent++;
            }
            assertFalse(last.isDone(), "nothing held the sender back");
            assertEquals("open", server.next());
            assertTrue(server.events.isEmpty(), "too much: " + server.events);
            Futures.failure(
                ReadingPausedException.class,
                server.webSocket().ping(TimeUnit.NANOSECONDS));

            server.webSocket().request(sent);
            for (int i = 0; i < sent; i++) assertEquals("binary 65536", server.next());
            Futures.get(last);
        }
    }

    private static final int MANY = 10_000;

    @Test
    void theEndIsToldWithoutDemandWhenNothingWaits() throws Exception {
        Recorder server = new Recorder(0);
        try (RunningServer running = RunningServer.of(server)) {
            running.connect(new Recorder()).close();
            assertEquals("open", server.next());
            assertEquals("close 1000", server.next());
        }
    }

    @Test
    void whatCameBeforeTheEndIsHandedOutOnDemand() throws Exception {
        Recorder server = new Recorder(0);
        try (RunningServer running = RunningServer.of(server)) {
            AsyncWebSocket client = running.connect(new Recorder());
            client.send("one");
            client.send("two");
            Futures.get(client.close());
            Futures.get(server.webSocket().awaitClosed());
            server.webSocket().request(1);
            assertEquals("open", server.next());
            assertEquals("text one", server.next());
            assertTrue(server.events.isEmpty(), "too much: " + server.events);
            server.webSocket().request(1);
            assertEquals("text two", server.next());
            assertEquals("close 1000", server.next());
        }
    }

    @Test
    void aNegativeInitialDemandFailsTheListener() throws Exception {
        try (RunningServer running = RunningServer.of(new Recorder.Echo())) {
            Recorder recorder = new Recorder(-1);
            running.connect(recorder);
            assertEquals("open", recorder.next());
            assertEquals("error initialDemand is -1, must be 0 or more", recorder.next());
            assertEquals(1011, recorder.status().getLocal().getCode());
        }
    }
}
