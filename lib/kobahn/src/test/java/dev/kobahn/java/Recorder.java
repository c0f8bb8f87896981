package dev.kobahn.java;

import dev.kobahn.CloseStatus;
import dev.kobahn.Message;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** Writes down what a listener is told, with a given initial demand. */
class Recorder implements WebSocketListener {
    static final long SECONDS = 20;

    final BlockingQueue<String> events = new LinkedBlockingQueue<>();
    final CompletableFuture<AsyncWebSocket> opened = new CompletableFuture<>();
    final CompletableFuture<CloseStatus> closed = new CompletableFuture<>();
    private final long demand;

    Recorder() {
        this(Long.MAX_VALUE);
    }

    Recorder(long demand) {
        this.demand = demand;
    }

    @Override
    public long initialDemand() {
        return demand;
    }

    @Override
    public void onOpen(AsyncWebSocket webSocket) throws Exception {
        events.add("open");
        opened.complete(webSocket);
    }

    @Override
    public void onText(AsyncWebSocket webSocket, String text) throws Exception {
        events.add("text " + text);
    }

    @Override
    public void onBinary(AsyncWebSocket webSocket, byte[] bytes) throws Exception {
        events.add("binary " + bytes.length);
    }

    @Override
    public void onError(AsyncWebSocket webSocket, Throwable failure) {
        events.add("error " + failure.getMessage());
    }

    @Override
    public void onClose(AsyncWebSocket webSocket, CloseStatus status) {
        events.add("close " + status.getCode());
        closed.complete(status);
    }

    /** The next event; null if it does not come in time. */
    String next() throws InterruptedException {
        return events.poll(SECONDS, TimeUnit.SECONDS);
    }

    AsyncWebSocket webSocket() {
        return Futures.get(opened);
    }

    CloseStatus status() {
        return Futures.get(closed);
    }

    /** Sends every message back. */
    static class Echo implements WebSocketListener {
        @Override
        public void onMessage(AsyncWebSocket webSocket, Message message) {
            webSocket.send(message);
        }
    }
}
