package dev.kobahn.java;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kobahn.HandshakeException;
import dev.kobahn.protocol.CloseCode;
import dev.kobahn.protocol.handshake.WebSocketUrl;
import dev.kobahn.reconnect.NotConnectedException;
import dev.kobahn.reconnect.ReconnectState;
import dev.kobahn.reconnect.Unsent;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** Connections that are made anew, in Java. */
class ReconnectingInJavaTest {
    private static AsyncWebSocketClient client() {
        return new AsyncWebSocketClient.Builder()
            .reconnect(it -> it.backoff(1, 10, TimeUnit.MILLISECONDS, 2, 0.5))
            .build();
    }

    /** Subscribes each time, and keeps the messages. */
    private static final class Subscriber implements WebSocketListener {
        final AtomicInteger openings = new AtomicInteger();
        final LinkedBlockingQueue<String> texts = new LinkedBlockingQueue<>();

        @Override
        public void onOpen(AsyncWebSocket webSocket) {
            webSocket.send("subscribe " + openings.incrementAndGet());
        }

        @Override
        public void onText(AsyncWebSocket webSocket, String text) {
            texts.add(text);
        }

        String next() throws InterruptedException {
            return texts.poll(10, TimeUnit.SECONDS);
        }
    }

    /** Echoes each first message, and says that the service restarts, or is done after the second. */
    private static RunningServer restarting() {
        AtomicInteger connections = new AtomicInteger();
        return new RunningServer(it -> it.onConnect(handshake -> handshake.accept(new WebSocketListener() {
            @Override
            public void onText(AsyncWebSocket webSocket, String text) {
                webSocket.send(text);
                boolean isLast = connections.incrementAndGet() == 2;
                webSocket.close(isLast ? CloseCode.NORMAL_CLOSURE : CloseCode.SERVICE_RESTART, "");
            }
        })));
    }

    @Test
    void theListenerServesOneConnectionAfterTheOther() throws Exception {
        List<String> states = new CopyOnWriteArrayList<>();
        AtomicInteger urls = new AtomicInteger();
        Subscriber subscriber = new Subscriber();
        try (RunningServer running = restarting()) {
            AsyncReconnectingWebSocket webSocket = client().reconnecting(
                () -> CompletableFuture.completedFuture(
                    WebSocketUrl.parse(running.url("/?attempt=" + urls.incrementAndGet()))),
                subscriber,
                state -> states.add(state.getClass().getSimpleName()));
            assertEquals("subscribe 1", subscriber.next());
            assertEquals("subscribe 2", subscriber.next());
            assertNull(Futures.get(webSocket.awaitEnd()).getCause());
        }
        assertEquals(2, urls.get());
        assertEquals(
            List.of("Connecting", "Open", "Waiting", "Connecting", "Open", "Ended"), states);
    }

    @Test
    void messagesWaitForTheConnectionAndCloseSendsThem() throws Exception {
        LinkedBlockingQueue<String> received = new LinkedBlockingQueue<>();
        try (RunningServer running = RunningServer.of(new WebSocketListener() {
            @Override
            public void onText(AsyncWebSocket webSocket, String text) {
                received.add(text);
            }
        })) {
            CompletableFuture<WebSocketUrl> url = new CompletableFuture<>();
            AsyncReconnectingWebSocket webSocket =
                client().reconnecting(() -> url, new Recorder(), state -> { });
            Futures.get(webSocket.send("a"));
            assertInstanceOf(ReconnectState.Connecting.class, webSocket.state());
            url.complete(WebSocketUrl.parse(running.url("/")));
            assertEquals("a", received.poll(10, TimeUnit.SECONDS));
            webSocket.send("b");
            Futures.get(webSocket.close());
            assertEquals("b", received.poll(10, TimeUnit.SECONDS));
            Futures.failure(NotConnectedException.class, webSocket.send("c"));
        }
    }

    @Test
    void theOptionsDecideWhenItEnds() {
        try (RunningServer running = new RunningServer(it ->
            it.onConnect(handshake -> handshake.deny(403)))) {
            AtomicInteger waits = new AtomicInteger();
            AsyncWebSocketClient client = new AsyncWebSocketClient.Builder()
                .reconnect(it -> it
                    .backoff(1, 1, TimeUnit.MILLISECONDS, 1, 0)
                    .maxAttempts(3)
                    .resetAfter(1, TimeUnit.SECONDS)
                    .maxRetryAfter(1, TimeUnit.SECONDS)
                    .unsent(Unsent.FAIL)
                    .maxUnsentSize(1)
                    .retryIf(failure -> !it.canHeal(failure)))
                .build();
            WebSocketUrl url = WebSocketUrl.parse(running.url("/"));
            AsyncReconnectingWebSocket webSocket = client.reconnecting(
                () -> CompletableFuture.completedFuture(url),
                new Recorder(),
                state -> {
                    if (state instanceof ReconnectState.Waiting) {
                        assertEquals(1, ((ReconnectState.Waiting) state).delay(TimeUnit.MILLISECONDS));
                        waits.incrementAndGet();
                    }
                });
            Throwable cause = Futures.get(webSocket.awaitEnd()).getCause();
            assertEquals(403, assertInstanceOf(HandshakeException.class, cause).getStatus());
            assertEquals(2, waits.get());
        }
        AsyncWebSocketClient.Builder builder = new AsyncWebSocketClient.Builder();
        assertThrows(
            IllegalArgumentException.class, () -> builder.reconnect(it -> it.maxAttempts(-1)));
    }

    @Test
    void theStateTellsAtOnceThatAConnectionIsLostAndItsMessagesComeFirst() throws Exception {
        AtomicInteger connections = new AtomicInteger();
        try (RunningServer running = new RunningServer(it -> it.onConnect(handshake ->
            handshake.accept(new WebSocketListener() {
                @Override
                public void onOpen(AsyncWebSocket webSocket) {
                    if (connections.incrementAndGet() > 1) return;
                    webSocket.send("a");
                    webSocket.close(CloseCode.SERVICE_RESTART, "");
                }
            })))) {
            CompletableFuture<Void> lost = new CompletableFuture<>();
            Recorder recorder = new Recorder(0);
            AsyncWebSocketClient client = client();
            client.reconnecting(
                () -> CompletableFuture.completedFuture(WebSocketUrl.parse(running.url("/"))),
                recorder,
                state -> {
                    if (state instanceof ReconnectState.Waiting) lost.complete(null);
                });
            Futures.get(lost);
            assertEquals("open", recorder.next());
            Futures.get(recorder.opened).request(1);
            assertEquals("text a", recorder.next());
            assertEquals("close 1012", recorder.next());
            assertEquals("open", recorder.next());
            Futures.get(client.close());
        }
    }

    @Test
    void aUrlThatFailsIsAskedForAgainAndCloseEndsTheWaitForOne() throws Exception {
        AtomicInteger urls = new AtomicInteger();
        CompletableFuture<WebSocketUrl> never = new CompletableFuture<>();
        CompletableFuture<Void> asked = new CompletableFuture<>();
        AsyncReconnectingWebSocket webSocket = client().reconnecting(
            () -> {
                if (urls.incrementAndGet() == 3) {
                    asked.complete(null);
                    return never;
                }
                CompletableFuture<WebSocketUrl> failed = new CompletableFuture<>();
                failed.completeExceptionally(new IOException("no token"));
                return failed;
            },
            new Recorder(),
            state -> {
                throw new IllegalStateException("logged");
            });
        CompletableFuture<Void> sending = webSocket.send("a");
        Futures.get(sending);
        Futures.get(asked);
        Futures.get(webSocket.close());
        assertInstanceOf(ReconnectState.Ended.class, webSocket.state());
        assertNull(Futures.get(webSocket.awaitEnd()).getCause());
    }

    @Test
    void closingTheClientEndsItWith1001() {
        try (RunningServer running = RunningServer.of(new Recorder.Echo())) {
            AsyncWebSocketClient client = client();
            CompletableFuture<Void> opened = new CompletableFuture<>();
            AsyncReconnectingWebSocket webSocket = client.reconnecting(
                () -> CompletableFuture.completedFuture(WebSocketUrl.parse(running.url("/"))),
                new Recorder(),
                state -> {
                    if (state instanceof ReconnectState.Open) opened.complete(null);
                });
            Futures.get(opened);
            Futures.get(client.close());
            assertTrue(Futures.get(webSocket.awaitEnd()).getCause()
                instanceof java.util.concurrent.CancellationException);
        }
    }

    @Test
    void aMalformedUrlIsRefusedAtOnce() {
        assertThrows(
            IllegalArgumentException.class,
            () -> client().reconnecting("http://x/", new Recorder()));
    }
}
