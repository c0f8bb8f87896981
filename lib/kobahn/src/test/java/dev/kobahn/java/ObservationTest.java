package dev.kobahn.java;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kobahn.HandshakeException;
import dev.kobahn.TrafficStats;
import dev.kobahn.WebSocketState;
import dev.kobahn.WireLog;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import dev.kobahn.Timings;
import dev.kobahn.autobahn.Json;
import dev.kobahn.autobahn.TimingsText;

/** The log, the statistics, the times and the state of a connection, from Java. */
class ObservationTest {
    @Test
    void theLogOfFramesGoesToTheFunctionThatIsGiven() throws Exception {
        List<WireLog.Entry> log = new CopyOnWriteArrayList<>();
        try (RunningServer running = RunningServer.of(new Recorder.Echo())) {
            AsyncWebSocketClient client = new AsyncWebSocketClient.Builder()
                .logFrames(true).logBytes(true).wireLog(log::add).build();
            Recorder recorder = new Recorder();
            AsyncWebSocket webSocket = Futures.get(client.connect(running.url("/"), recorder));
            webSocket.send("hello");
            assertEquals("open", recorder.next());
            assertEquals("text hello", recorder.next());
            Futures.get(webSocket.close());
        }
        List<WireLog.Entry.Frame> frames = log.stream()
            .filter(WireLog.Entry.Frame.class::isInstance).map(WireLog.Entry.Frame.class::cast)
            .collect(Collectors.toList());
        assertEquals(List.of(1, 1, 8, 8), frames.stream()
            .map(WireLog.Entry.Frame::getOpcode).collect(Collectors.toList()));
        WireLog.Entry.Frame first = frames.get(0);
        assertTrue(first.getSent() && first.getFin() && first.getMasked() && first.isText());
        assertEquals(5, first.getLength());
        assertEquals("hello", new String(first.getPayload()));
        assertEquals('>', first.getGutter());
        assertEquals(
            "> " + first.getConnection() + " TEXT fin masked 5 \"hello\"", first.toString());
        assertTrue(log.stream().anyMatch(WireLog.Entry.Bytes.class::isInstance));
    }

    @Test
    void trafficIsCountedAndBeginsAnewWhenAsked() throws Exception {
        try (RunningServer running = RunningServer.of(new Recorder.Echo())) {
            Recorder recorder = new Recorder();
            AsyncWebSocket webSocket = running.connect(recorder);
            webSocket.send("hello");
            assertEquals("open", recorder.next());
            assertEquals("text hello", recorder.next());
            TrafficStats stats = webSocket.statistics().getTraffic();
            assertEquals(11, stats.getOutgoingBytesWireLevel());
            assertEquals(7, stats.getIncomingBytesWireLevel());
            assertEquals(1, stats.getIncomingWebSocketMessages());
            assertEquals(0.4, stats.getIncomingWebSocketOverhead());
            assertEquals(Json.toJson(stats), stats.toString());
            webSocket.statistics().resetTraffic();
            assertEquals(0, webSocket.statistics().getTraffic().getOutgoingBytesWireLevel());
            assertNull(webSocket.statistics().getTraffic().getIncomingWebSocketOverhead());
        }
    }

    @Test
    void timesAreTrackedWhenAsked() throws Exception {
        try (RunningServer running = RunningServer.of(new Recorder.Echo())) {
            AsyncWebSocketClient client =
                new AsyncWebSocketClient.Builder().trackTimings(true).build();
            Recorder recorder = new Recorder();
            AsyncWebSocket webSocket = Futures.get(client.connect(running.url("/"), recorder));
            webSocket.send("hello");
            assertEquals("open", recorder.next());
            assertEquals("text hello", recorder.next());
            Timings timings = webSocket.statistics().getTimings();
            assertNotNull(timings);
            timings.track("own");
            Map<String, Long> times = timings.toMap(TimeUnit.NANOSECONDS);
            assertTrue(times.get("own") >= times.get("onMessage"), times.toString());
            long nanos = times.get("onMessage") - times.get("sendMessage");
            assertEquals(nanos, timings.diff("sendMessage", "onMessage", TimeUnit.NANOSECONDS));
            assertNull(timings.diff("own", "none", TimeUnit.SECONDS));
            assertEquals("    n.a.", TimingsText.format(timings, "own", "none"));
            assertEquals(8, TimingsText.format(timings, "sendMessage", "onMessage").length());
            webSocket.statistics().setTrackTimings(false);
            assertNull(webSocket.statistics().getTimings());
        }
    }

    @Test
    void theStateIsOpenAndThenClosed() {
        try (RunningServer running = RunningServer.of(new Recorder.Echo())) {
            AsyncWebSocket webSocket = running.connect(new Recorder());
            assertEquals(WebSocketState.OPEN, webSocket.state());
            Futures.get(webSocket.close());
            assertEquals(WebSocketState.CLOSED, webSocket.state());
        }
    }

    @Test
    void aServerMayWaitForTheOpeningOfWhatItAccepts() {
        CompletableFuture<Void> opened = new CompletableFuture<>();
        try (RunningServer running = new RunningServer(it -> it.onConnect(handshake -> {
            handshake.awaitOpen().thenAccept(opened::complete);
            return handshake.accept(new Recorder());
        }))) {
            running.connect(new Recorder());
            Futures.get(opened);
        }
    }

    @Test
    void whoWaitsForAnOpeningThatIsDeniedLearnsTheStatus() {
        CompletableFuture<CompletableFuture<Void>> waiting = new CompletableFuture<>();
        try (RunningServer running = new RunningServer(it -> it.onConnect(handshake -> {
            waiting.complete(handshake.awaitOpen());
            return handshake.deny(401);
        }))) {
            Futures.failure(
                HandshakeException.class,
                running.client.connect(running.url("/"), new Recorder()));
            assertEquals(
                401,
                Futures.failure(HandshakeException.class, Futures.get(waiting)).getStatus());
        }
    }
}
