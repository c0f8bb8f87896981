package dev.kobahn.java;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;

import dev.kobahn.CloseStatus;
import dev.kobahn.protocol.CloseCode;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class AsyncWebSocketClientTest {
    /** Closes its client, and waits for that, in the method named. */
    private static class Closer extends Recorder {
        final CompletableFuture<Void> done = new CompletableFuture<>();
        private final String method;
        private final AsyncWebSocketClient client;

        Closer(String method, AsyncWebSocketClient client) {
            this.method = method;
            this.client = client;
        }

        private void in(String name) {
            if (!name.equals(method)) return;
            try {
                Futures.get(client.close());
                done.complete(null);
            } catch (Throwable failure) {
                done.completeExceptionally(failure);
            }
        }

        @Override
        public void onOpen(AsyncWebSocket webSocket) throws Exception {
            super.onOpen(webSocket);
            in("onOpen");
        }

        @Override
        public void onText(AsyncWebSocket webSocket, String text) throws Exception {
            super.onText(webSocket, text);
            in("onText");
            if (method.equals("onClose")) webSocket.close();
            if (method.equals("onError")) throw new Exception("no");
        }

        @Override
        public void onError(AsyncWebSocket webSocket, Throwable failure) {
            super.onError(webSocket, failure);
            in("onError");
        }

        @Override
        public void onClose(AsyncWebSocket webSocket, CloseStatus status) {
            in("onClose");
            super.onClose(webSocket, status);
        }
    }

    private static void closeIn(String method, int code, String... events) throws Exception {
        Recorder server = new Recorder();
        try (RunningServer running = RunningServer.of(server)) {
            Closer listener = new Closer(method, running.client);
            running.client.connect(running.url("/"), listener);
            server.webSocket().send("x");
            Futures.get(listener.done);
            assertEquals(code, server.status().getCode());
            assertEquals("open", listener.next());
            for (String event : events) assertEquals(event, listener.next());
            assertEquals("close " + listener.status().getCode(), listener.next());
            assertNull(listener.events.poll());
        }
    }

    @Test
    void theFutureOfConnectCompletesBeforeTheFirstMessageOnAThreadAlone() throws Exception {
        ExecutorService one = Executors.newSingleThreadExecutor();
        Recorder server = new Recorder() {
            @Override
            public void onOpen(AsyncWebSocket webSocket) throws Exception {
                super.onOpen(webSocket);
                webSocket.send("x");
            }
        };
        BlockingQueue<String> texts = new SynchronousQueue<>();
        WebSocketListener client = new WebSocketListener() {
            @Override
            public void onText(AsyncWebSocket webSocket, String text) throws Exception {
                // Waits for who takes it, and that waits for the future first.
                texts.put(text);
            }
        };
        try (RunningServer running = RunningServer.of(server)) {
            AsyncWebSocketClient alone = new AsyncWebSocketClient.Builder().executor(one).build();
            for (int round = 0; round < 20; round++) {
                AsyncWebSocket webSocket = Futures.get(alone.connect(running.url("/"), client));
                assertEquals("x", texts.take());
                Futures.get(webSocket.close());
            }
            Futures.get(alone.close());
        } finally {
            one.shutdownNow();
        }
    }

    @Test
    void onOpenMayWaitForTheCloseOfItsClient() throws Exception {
        closeIn("onOpen", CloseCode.GOING_AWAY);
    }

    @Test
    void onTextMayWaitForTheCloseOfItsClient() throws Exception {
        closeIn("onText", CloseCode.GOING_AWAY, "text x");
    }

    @Test
    void onErrorMayWaitForTheCloseOfItsClient() throws Exception {
        closeIn("onError", CloseCode.GOING_AWAY, "text x", "error no");
    }

    @Test
    void onCloseMayWaitForTheCloseOfItsClient() throws Exception {
        closeIn("onClose", CloseCode.NORMAL_CLOSURE, "text x");
    }

    @Test
    void onCloseComesAlsoIfTheClientIsClosedWhileOnErrorRuns() throws Exception {
        Recorder server = new Recorder();
        CountDownLatch inside = new CountDownLatch(1);
        CountDownLatch goOn = new CountDownLatch(1);
        try (RunningServer running = RunningServer.of(server)) {
            Recorder client = new Recorder() {
                @Override
                public void onText(AsyncWebSocket webSocket, String text) throws Exception {
                    throw new Exception("no");
                }

                @Override
                public void onError(AsyncWebSocket webSocket, Throwable failure) {
                    super.onError(webSocket, failure);
                    inside.countDown();
                    try {
                        goOn.await();
                    } catch (InterruptedException interrupted) {
                        throw new AssertionError(interrupted);
                    }
                }
            };
            running.connect(client);
            server.webSocket().send("x");
            inside.await();
            running.client.close();
            goOn.countDown();
            client.status();
        }
    }

    @Test
    void closingTheClientClosesItsConnectionsThoughAListenerBlocks() throws Exception {
        Recorder server = new Recorder();
        CountDownLatch inside = new CountDownLatch(1);
        CountDownLatch goOn = new CountDownLatch(1);
        try (RunningServer running = RunningServer.of(server)) {
            Recorder client = new Recorder() {
                @Override
                public void onText(AsyncWebSocket webSocket, String text) throws Exception {
                    inside.countDown();
                    goOn.await();
                }
            };
            AsyncWebSocket webSocket = running.connect(client);
            server.webSocket().send("x");
            inside.await();
            try {
                Futures.get(running.client.close());
                assertEquals(CloseCode.GOING_AWAY, webSocket.closeStatus().getLocal().getCode());
                assertEquals(CloseCode.GOING_AWAY, server.status().getCode());
            } finally {
                goOn.countDown();
            }
            assertSame(webSocket.closeStatus(), client.status());
        }
    }

    @Test
    void cancellingAConnectClosesItsConnectionThoughOnOpenBlocks() throws Exception {
        Recorder server = new Recorder();
        CountDownLatch inside = new CountDownLatch(1);
        CountDownLatch goOn = new CountDownLatch(1);
        try (RunningServer running = RunningServer.of(server)) {
            Recorder client = new Recorder() {
                @Override
                public void onOpen(AsyncWebSocket webSocket) throws Exception {
                    inside.countDown();
                    goOn.await();
                }
            };
            CompletableFuture<?> opening = running.client.connect(running.url("/"), client);
            inside.await();
            try {
                opening.cancel(true);
                assertEquals(CloseCode.GOING_AWAY, server.status().getCode());
            } finally {
                goOn.countDown();
            }
            client.status();
        }
    }

    @Test
    void whatDependsOnConnectMayWaitForTheListener() throws Exception {
        CountDownLatch depended = new CountDownLatch(1);
        try (RunningServer running = RunningServer.of(new Recorder.Echo())) {
            Recorder client = new Recorder() {
                @Override
                public void onOpen(AsyncWebSocket webSocket) throws Exception {
                    super.onOpen(webSocket);
                    depended.await();
                }
            };
            CompletableFuture<String> heard = running.client.connect(running.url("/"), client)
                .thenApply(webSocket -> {
                    try {
                        webSocket.send("x").get(Recorder.SECONDS, TimeUnit.SECONDS);
                        return client.next() + ", " + client.events.poll(8, TimeUnit.SECONDS);
                    } catch (Exception failure) {
                        throw new AssertionError(failure);
                    }
                });
            depended.countDown();
            assertEquals("open, text x", Futures.get(heard));
        }
    }

    @Test
    void whatDependsOnConnectMayWaitForTheCloseThatCancelsIt() throws Exception {
        CompletableFuture<HandshakeDecision> decision = new CompletableFuture<>();
        CompletableFuture<OpeningHandshake> asked = new CompletableFuture<>();
        try (RunningServer running = new RunningServer(builder -> builder.onConnectAsync(it -> {
            asked.complete(it);
            return decision;
        }))) {
            CompletableFuture<CompletableFuture<Void>> closing = new CompletableFuture<>();
            CompletableFuture<Void> dependent = running.client
                .connect(running.url("/"), new Recorder())
                .handle((webSocket, failure) -> Futures.get(Futures.get(closing)));
            OpeningHandshake handshake = Futures.get(asked);
            closing.complete(running.client.close());
            Futures.get(dependent);
            decision.complete(handshake.deny(503));
        }
    }
}
