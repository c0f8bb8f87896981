package dev.kobahn.java;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kobahn.CloseStatus;
import dev.kobahn.protocol.CloseCode;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class ListenerTest {
    @Test
    void anExceptionOfAServersListenerClosesWith1011() throws Exception {
        Recorder server = new Recorder() {
            @Override
            public void onText(AsyncWebSocket webSocket, String text) throws Exception {
                throw new Exception("no " + text);
            }
        };
        try (RunningServer running = RunningServer.of(server)) {
            Recorder client = new Recorder();
            running.connect(client).send("thanks");
            assertEquals(CloseCode.INTERNAL_ERROR, client.status().getCode());
            assertEquals("open", server.next());
            assertEquals("error no thanks", server.next());
            assertFalse(server.status().wasClean());
        }
    }

    @Test
    void anExceptionOfAClientsOnOpenClosesWith1011AndStillConnects() throws Exception {
        Recorder server = new Recorder();
        try (RunningServer running = RunningServer.of(server)) {
            Recorder client = new Recorder() {
                @Override
                public void onOpen(AsyncWebSocket webSocket) throws Exception {
                    throw new Exception("not today");
                }
            };
            AsyncWebSocket webSocket = running.connect(client);
            assertEquals("error not today", client.next());
            assertEquals(CloseCode.INTERNAL_ERROR, server.status().getCode());
            assertEquals(client.status(), Futures.get(webSocket.awaitClosed()));
        }
    }

    @Test
    void anExceptionOfOnErrorOrOnCloseHurtsNobody() {
        WebSocketListener hopeless = new WebSocketListener() {
            @Override
            public void onOpen(AsyncWebSocket webSocket) {
                throw new IllegalStateException("open");
            }

            @Override
            public void onError(AsyncWebSocket webSocket, Throwable failure) {
                throw new IllegalStateException("error", failure);
            }

            @Override
            public void onClose(AsyncWebSocket webSocket, CloseStatus status) {
                throw new IllegalStateException("close");
            }
        };
        try (RunningServer running = RunningServer.of(hopeless)) {
            for (int i = 0; i < 2; i++) {
                Recorder client = new Recorder();
                running.connect(client);
                assertEquals(CloseCode.INTERNAL_ERROR, client.status().getCode());
            }
        }
    }

    @Test
    void callsForOneConnectionNeverOverlapOnAnExecutorOfManyThreads() {
        ExecutorService threads = Executors.newFixedThreadPool(8);
        AtomicInteger inside = new AtomicInteger();
        AtomicInteger most = new AtomicInteger();
        CompletableFuture<String> thread = new CompletableFuture<>();
        Recorder server = new Recorder() {
            @Override
            public void onText(AsyncWebSocket webSocket, String text) {
                most.accumulateAndGet(inside.incrementAndGet(), Math::max);
                thread.complete(Thread.currentThread().getName());
                Thread.yield();
                inside.decrementAndGet();
                if (text.equals("last")) webSocket.close();
            }
        };
        try (RunningServer running = new RunningServer(builder -> builder
            .executor(threads)
            .onConnect(handshake -> handshake.accept(server)))) {
            AsyncWebSocket client = running.connect(new Recorder());
            for (int i = 0; i < 2000; i++) client.send("message");
            client.send("last");
            server.status();
            assertEquals(1, most.get());
            assertTrue(Futures.get(thread).startsWith("pool-"), Futures.get(thread));
        } finally {
            threads.shutdown();
        }
    }

    @Test
    void aServersListenerRunsOnTheLoopOfItsConnectionIfToldSo() {
        Threads server = new Threads();
        try (RunningServer running = new RunningServer(builder -> builder
            .onEventLoop()
            .onConnect(handshake -> handshake.accept(server)))) {
            running.connect(new Recorder()).send("x");
            assertEquals(Futures.get(server.opened), Futures.get(server.received));
            String name = Futures.get(server.opened).getName();
            assertTrue(name.contains("loop"), name);
        }
    }

    @Test
    void aServersListenerAndItsFunctionsRunOnAnExecutorByDefault() {
        Threads server = new Threads();
        CompletableFuture<Thread> asked = new CompletableFuture<>();
        CompletableFuture<Thread> decided = new CompletableFuture<>();
        try (RunningServer running = new RunningServer(builder -> builder
            .onRequest(request -> {
                asked.complete(Thread.currentThread());
                return null;
            })
            .onConnect(handshake -> {
                decided.complete(Thread.currentThread());
                return handshake.accept(server);
            }))) {
            running.connect(new Recorder()).send("x");
            for (CompletableFuture<Thread> thread :
                    List.of(asked, decided, server.opened, server.received)) {
                String name = Futures.get(thread).getName();
                assertTrue(name.startsWith("DefaultDispatcher-worker"), name);
            }
        }
    }

    @Test
    void aRouteMayBeOnTheLoopOfItsConnectionAndTheLaterCallCounts() {
        ExecutorService one = Executors.newSingleThreadExecutor(task -> new Thread(task, "mine"));
        Threads onLoop = new Threads();
        Threads mine = new Threads();
        try (RunningServer running = new RunningServer(builder -> builder
            .onEventLoop()
            .executor(one)
            .route(new AsyncRoute("/loop").onEventLoop().onConnect(it -> it.accept(onLoop)))
            .onConnect(handshake -> handshake.accept(mine)))) {
            Futures.get(running.client.connect(running.url("/loop"), new Recorder())).send("x");
            running.connect(new Recorder()).send("x");
            String loop = Futures.get(onLoop.received).getName();
            assertTrue(loop.contains("loop"), loop);
            assertTrue(Futures.get(mine.received).getName().startsWith("mine"));
        } finally {
            one.shutdown();
        }
    }

    @Test
    void byDefaultCallsForOneConnectionComeInOrderAndOneAtATime() {
        StringBuilder heard = new StringBuilder();
        StringBuilder sent = new StringBuilder();
        AtomicInteger inside = new AtomicInteger();
        AtomicInteger most = new AtomicInteger();
        Recorder server = new Recorder() {
            @Override
            public void onText(AsyncWebSocket webSocket, String text) {
                most.accumulateAndGet(inside.incrementAndGet(), Math::max);
                heard.append(text).append(' ');
                Thread.yield();
                inside.decrementAndGet();
            }
        };
        try (RunningServer running = RunningServer.of(server)) {
            Recorder client = new Recorder();
            AsyncWebSocket webSocket = running.connect(client);
            for (int i = 0; i < 2000; i++) {
                webSocket.send("" + i);
                sent.append(i).append(' ');
            }
            webSocket.close();
            server.status();
            assertEquals(1, most.get());
            assertEquals(sent.toString(), heard.toString());
        }
    }

    @Test
    void aClientsListenerRunsOnTheGivenExecutor() {
        ExecutorService one = Executors.newSingleThreadExecutor(task -> new Thread(task, "mine"));
        CompletableFuture<String> thread = new CompletableFuture<>();
        try (RunningServer running = RunningServer.of(new Recorder.Echo())) {
            AsyncWebSocketClient client = new AsyncWebSocketClient.Builder().executor(one).build();
            WebSocketListener listener = new WebSocketListener() {
                @Override
                public void onText(AsyncWebSocket webSocket, String text) {
                    thread.complete(Thread.currentThread().getName());
                }
            };
            Futures.get(client.connect(running.url("/"), listener)).send("x");
            assertTrue(Futures.get(thread).startsWith("mine"), Futures.get(thread));
            Futures.get(client.close());
        } finally {
            one.shutdown();
        }
    }

    @Test
    void closingTheClientTellsItsListenersAndClosesWith1001() {
        Recorder server = new Recorder();
        try (RunningServer running = RunningServer.of(server)) {
            Recorder client = new Recorder();
            running.connect(client);
            Futures.get(running.client.close());
            assertEquals(CloseCode.GOING_AWAY, client.status().getLocal().getCode());
            assertEquals(CloseCode.GOING_AWAY, server.status().getCode());
            Futures.cancelled(running.client.connect(running.url("/"), new Recorder()));
        }
    }

    @Test
    void stoppingTheServerTellsItsListeners() {
        Recorder server = new Recorder();
        try (RunningServer running = RunningServer.of(server)) {
            Recorder client = new Recorder();
            running.connect(client);
            assertEquals(1, running.server.connectionCount());
            assertEquals(1, running.server.handlerCount());
            CompletableFuture<Void> stopped = running.server.awaitStopped();
            Futures.get(running.server.stop());
            Futures.get(stopped);
            assertTrue(server.closed.isDone());
            assertEquals(CloseCode.GOING_AWAY, client.status().getCode());
            assertEquals(0, running.server.connectionCount());
        }
    }

    @Test
    void aServerMayStopWithAnotherCodeAndTimes() {
        int code = CloseCode.SERVICE_RESTART;
        for (boolean javaTime : new boolean[] {true, false}) {
            Recorder client = new Recorder();
            try (RunningServer running = RunningServer.of(new Recorder.Echo())) {
                running.connect(client);
                Futures.get(javaTime
                    ? running.server.stop(Duration.ZERO, Duration.ofSeconds(5), code)
                    : running.server.stop(0, 5, TimeUnit.SECONDS, code));
                assertEquals(code, client.status().getCode());
            }
        }
    }

    @Test
    void aServerThatCannotStartSaysWhy() {
        try (RunningServer running = RunningServer.of(new Recorder.Echo())) {
            Futures.failure(IllegalStateException.class, running.server.start());
            AsyncWebSocketServer other =
                new AsyncWebSocketServer.Builder().port(running.server.port()).build();
            Futures.failure(IOException.class, other.start());
        }
    }

    /** On which threads a listener is called. */
    private static final class Threads implements WebSocketListener {
        final CompletableFuture<Thread> opened = new CompletableFuture<>();
        final CompletableFuture<Thread> received = new CompletableFuture<>();

        @Override
        public void onOpen(AsyncWebSocket webSocket) {
            opened.complete(Thread.currentThread());
        }

        @Override
        public void onText(AsyncWebSocket webSocket, String text) {
            received.complete(Thread.currentThread());
        }
    }
}
