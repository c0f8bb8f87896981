package dev.kobahn.java;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** Pings and Pongs by hand, from Java. */
class AsyncPingPongTest {
    private static final byte[] PAYLOAD = "mine".getBytes(StandardCharsets.UTF_8);

    @Test
    void aPingWithAPayloadIsAnsweredAndTheHooksAreTold() throws Exception {
        BlockingQueue<byte[]> pings = new LinkedBlockingQueue<>();
        BlockingQueue<byte[]> pongs = new LinkedBlockingQueue<>();
        Recorder server = new Recorder();
        try (RunningServer running = RunningServer.of(server)) {
            AsyncWebSocket webSocket = running.connect(new Recorder());
            server.webSocket().onPing(pings::add);
            webSocket.onPong(pongs::add);
            assertTrue(Futures.get(webSocket.ping(PAYLOAD, TimeUnit.NANOSECONDS)) > 0);
            assertArrayEquals(PAYLOAD, pings.poll(Recorder.SECONDS, TimeUnit.SECONDS));
            assertArrayEquals(PAYLOAD, pongs.poll(Recorder.SECONDS, TimeUnit.SECONDS));
            Duration time = Futures.get(webSocket.ping(PAYLOAD));
            assertFalse(time.isNegative(), "took " + time);
            Futures.failure(
                IllegalArgumentException.class,
                webSocket.ping(new byte[126], TimeUnit.SECONDS));
        }
    }

    @Test
    void aHookMayLeaveTheAnswerToAPongByHand() throws Exception {
        Recorder server = new Recorder();
        try (RunningServer running = RunningServer.of(server)) {
            AsyncWebSocket webSocket = running.connect(new Recorder());
            AsyncWebSocket other = server.webSocket();
            BlockingQueue<byte[]> pings = new LinkedBlockingQueue<>();
            other.onPing(payload -> !pings.add(payload));
            CompletableFuture<Long> ping = webSocket.ping(PAYLOAD, TimeUnit.NANOSECONDS);
            byte[] payload = pings.poll(Recorder.SECONDS, TimeUnit.SECONDS);
            Futures.get(other.pong());
            assertFalse(ping.isDone());
            Futures.get(other.pong(payload));
            assertTrue(Futures.get(ping) > 0);
        }
    }

    @Test
    void aHookThatThrowsClosesWith1011() {
        Recorder server = new Recorder();
        try (RunningServer running = RunningServer.of(server)) {
            Recorder client = new Recorder();
            AsyncWebSocket webSocket = running.connect(client);
            server.webSocket().onPong(payload -> {
                throw new IllegalStateException("on purpose");
            });
            webSocket.pong(PAYLOAD);
            assertEquals(1011, client.status().getCode());
        }
    }
}
