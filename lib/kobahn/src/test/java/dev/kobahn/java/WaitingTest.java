package dev.kobahn.java;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kobahn.CloseStatus;
import dev.kobahn.protocol.CloseCode;
import dev.kobahn.protocol.MessageType;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.TimeUnit;
import java.util.function.BiFunction;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.function.Executable;

@Timeout(60)
class WaitingTest {
    /** Calls whose futures are not complete before somebody else has done something. */
    private static Map<String, BiFunction<RunningServer, AsyncWebSocket, CompletableFuture<?>>> calls() {
        Map<String, BiFunction<RunningServer, AsyncWebSocket, CompletableFuture<?>>> calls =
            new LinkedHashMap<>();
        calls.put("ping", (running, it) -> it.ping(TimeUnit.MILLISECONDS));
        calls.put("awaitClosed", (running, it) -> it.awaitClosed());
        calls.put("connect", (running, it) ->
            running.client.connect(running.url("/"), new Recorder()));
        calls.put("awaitStopped", (running, it) -> running.server.awaitStopped());
        calls.put("write", (running, it) -> {
            AsyncMessageWriter writer = it.beginMessage(MessageType.TEXT).getNow(null);
            writer.beginFrame(3);
            CompletableFuture<Void> second = it.beginMessage(MessageType.TEXT)
                .thenAccept(AsyncMessageWriter::abandon);
            writer.write("abc".getBytes()).thenCompose(done -> writer.end());
            return second;
        });
        calls.put("close", (running, it) -> it.close());
        calls.put("client.close", (running, it) -> running.client.close());
        calls.put("stop", (running, it) -> running.server.stop());
        return calls;
    }

    private static List<Executable> waysToWait(CompletableFuture<?> future) {
        return List.of(
            future::get,
            future::join,
            () -> future.get(5, TimeUnit.SECONDS),
            () -> future.thenApply(it -> it).join(),
            () -> future.thenCompose(CompletableFuture::completedFuture).get());
    }

    @Test
    void waitingOnAnEventLoopThrowsAndTheLoopGoesOn() throws Exception {
        for (String name : calls().keySet()) {
            CompletableFuture<List<Throwable>> heard = new CompletableFuture<>();
            CompletableFuture<String> loop = new CompletableFuture<>();
            RunningServer[] server = new RunningServer[1];
            Recorder listener = new Recorder() {
                @Override
                public void onText(AsyncWebSocket webSocket, String text) throws Exception {
                    try {
                        waitInVain(webSocket);
                    } catch (Throwable failure) {
                        heard.completeExceptionally(failure);
                    }
                }

                private void waitInVain(AsyncWebSocket webSocket) throws Exception {
                    loop.complete(Thread.currentThread().getName());
                    CompletableFuture<?> future = calls().get(name).apply(server[0], webSocket);
                    List<Throwable> failures = new ArrayList<>();
                    assertNull(future.getNow(null));
                    for (Executable wait : waysToWait(future)) {
                        try {
                            wait.execute();
                        } catch (Throwable failure) {
                            failures.add(failure);
                        }
                    }
                    heard.complete(failures);
                    if (!name.equals("close")) webSocket.close();
                }
            };
            try (RunningServer running = new RunningServer(builder -> builder
                .onEventLoop()
                .onConnect(handshake -> handshake.accept(listener)))) {
                server[0] = running;
                Recorder client = new Recorder();
                running.connect(client).send("x");
                List<Throwable> failures = Futures.get(heard);
                assertEquals(5, failures.size(), name + failures);
                for (Throwable failure : failures) {
                    assertInstanceOf(IllegalStateException.class, failure, name);
                    String message = failure.getMessage();
                    assertTrue(message.contains(Futures.get(loop)), message);
                    assertTrue(message.contains("thenCompose"), message);
                }
                client.status();
            }
        }
    }

    @Test
    void whatIsCompleteCanBeHadOnAnEventLoop() {
        CompletableFuture<String> heard = new CompletableFuture<>();
        Recorder listener = new Recorder() {
            @Override
            public void onText(AsyncWebSocket webSocket, String text) throws Exception {
                webSocket.send("short").get();
                heard.complete(webSocket.send("shorter").thenApply(it -> "sent").join());
            }
        };
        try (RunningServer running = new RunningServer(builder -> builder
            .onEventLoop()
            .onConnect(handshake -> handshake.accept(listener)))) {
            running.connect(new Recorder()).send("x");
            assertEquals("sent", Futures.get(heard));
        }
    }

    @Test
    void anExceptionOfWaitingIsThatOfTheListener() throws Exception {
        Recorder listener = new Recorder() {
            @Override
            public void onText(AsyncWebSocket webSocket, String text) throws Exception {
                webSocket.awaitClosed().get();
            }
        };
        try (RunningServer running = new RunningServer(builder -> builder
            .onEventLoop()
            .onConnect(handshake -> handshake.accept(listener)))) {
            Recorder client = new Recorder();
            running.connect(client).send("x");
            assertEquals("open", listener.next());
            String error = listener.next();
            assertTrue(error.startsWith("error Waiting for this future"), error);
            assertEquals(CloseCode.INTERNAL_ERROR, client.status().getCode());
        }
    }

    /** Listeners wait at the same time, more of them than there are cores. */
    @Test
    void listenersWaitByDefault() throws Exception {
        int many = 4 * Runtime.getRuntime().availableProcessors();
        Recorder listener = new Recorder() {
            @Override
            public void onText(AsyncWebSocket webSocket, String text) throws Exception {
                webSocket.ping(TimeUnit.MILLISECONDS).get();
                webSocket.flush().thenApply(it -> it).join();
                webSocket.close(3000).get();
            }
        };
        try (RunningServer running = RunningServer.of(listener)) {
            List<Recorder> clients = new ArrayList<>();
            List<AsyncWebSocket> webSockets = new ArrayList<>();
            for (int i = 0; i < many; i++) {
                clients.add(new Recorder());
                webSockets.add(running.connect(clients.get(i)));
            }
            webSockets.forEach(it -> it.send("x"));
            for (Recorder client : clients) assertEquals(3000, client.status().getCode());
        }
    }

    /** What is waited for needs a listener itself: the other connection's onOpen. */
    @Test
    void listenersConnectAndWaitByDefault() throws Exception {
        int many = 3 * Runtime.getRuntime().availableProcessors() + 1;
        CyclicBarrier all = new CyclicBarrier(many);
        try (RunningServer other = RunningServer.of(new Recorder.Echo())) {
            Recorder listener = new Recorder() {
                @Override
                public void onText(AsyncWebSocket webSocket, String text) throws Exception {
                    all.await();
                    AsyncWebSocket further =
                        other.client.connect(other.url("/"), new Recorder()).get();
                    further.close().get();
                    webSocket.close(3000).get();
                }
            };
            try (RunningServer running = RunningServer.of(listener)) {
                List<Recorder> clients = new ArrayList<>();
                for (int i = 0; i < many; i++) {
                    clients.add(new Recorder());
                    running.connect(clients.get(i)).send("x");
                }
                for (Recorder client : clients) assertEquals(3000, client.status().getCode());
            }
        }
    }

    /** All threads of clients wait for openings, and one listener more has yet to get a thread. */
    @Test
    void moreListenersOfClientsThanThreadsConnectAndWait() throws Exception {
        int threads = Math.max(64, 4 * Runtime.getRuntime().availableProcessors());
        CountDownLatch all = new CountDownLatch(threads);
        Recorder greeter = new Recorder() {
            @Override
            public void onOpen(AsyncWebSocket webSocket) {
                webSocket.send("x");
            }
        };
        List<CompletableFuture<Integer>> heard = new ArrayList<>();
        try (RunningServer other = RunningServer.of(new Recorder());
            RunningServer running = RunningServer.of(greeter)) {
            for (int i = 0; i <= threads; i++) {
                CompletableFuture<Integer> code = new CompletableFuture<>();
                heard.add(code);
                running.client.connect(running.url("/"), new Recorder() {
                    @Override
                    public void onText(AsyncWebSocket webSocket, String text) {
                        try {
                            all.countDown();
                            all.await();
                            AsyncWebSocket further = Futures.get(
                                other.client.connect(other.url("/"), new Recorder()));
                            code.complete(Futures.get(further.close()).getCode());
                        } catch (Throwable failure) {
                            code.completeExceptionally(failure);
                        }
                    }
                });
            }
            for (CompletableFuture<Integer> code : heard) {
                assertEquals(CloseCode.NORMAL_CLOSURE, Futures.get(code));
            }
        }
    }

    @Test
    void aThreadOfTheApplicationWaitsAsEver() throws Exception {
        try (RunningServer running = RunningServer.of(new Recorder.Echo())) {
            AsyncWebSocket webSocket = running.connect(new Recorder());
            webSocket.ping(TimeUnit.MILLISECONDS).get();
            CloseStatus status = webSocket.close().thenApply(it -> it).join();
            assertEquals(CloseCode.NORMAL_CLOSURE, status.getCode());
        }
    }

    @Test
    void cancellingAFutureStillCancelsItsCall() {
        try (RunningServer running = RunningServer.of(new Recorder())) {
            AsyncWebSocket webSocket = running.connect(new Recorder());
            CompletableFuture<CloseStatus> waiting = webSocket.awaitClosed();
            assertTrue(waiting.cancel(true));
            Futures.cancelled(waiting);
            assertThrows(IllegalArgumentException.class, () -> webSocket.request(0));
        }
    }
}
