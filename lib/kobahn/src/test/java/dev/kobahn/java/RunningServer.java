package dev.kobahn.java;

import java.util.function.Function;

/** A server at a free port for the time of a test, and a client. */
final class RunningServer implements AutoCloseable {
    final AsyncWebSocketServer server;
    final AsyncWebSocketClient client = new AsyncWebSocketClient.Builder().build();

    RunningServer(Function<AsyncWebSocketServer.Builder, AsyncWebSocketServer.Builder> configure) {
        server = configure.apply(new AsyncWebSocketServer.Builder()).build();
        Futures.get(server.start());
    }

    static RunningServer of(WebSocketListener listener) {
        return new RunningServer(it -> it.onConnect(handshake -> handshake.accept(listener)));
    }

    String url(String path) {
        return "ws://localhost:" + server.port() + path;
    }

    AsyncClientWebSocket connect(WebSocketListener listener) {
        return Futures.get(client.connect(url("/"), listener));
    }

    @Override
    public void close() {
        Futures.get(client.close());
        Futures.get(server.stop());
    }
}
