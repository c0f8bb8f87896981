package dev.kobahn.java;

/** A program whose main ends without waiting for its server; a client's message stops that. */
final class StoppingServer {
    private StoppingServer() {
    }

    public static void main(String[] arguments) {
        Thread main = Thread.currentThread();
        AsyncWebSocketServer[] server = new AsyncWebSocketServer[1];
        WebSocketListener listener = new WebSocketListener() {
            @Override
            public void onText(AsyncWebSocket webSocket, String text) throws Exception {
                if (text.equals("stop")) {
                    server[0].stop();
                } else {
                    main.join();
                    webSocket.send("main has ended");
                }
            }
        };
        server[0] = new AsyncWebSocketServer.Builder()
            .port(0)
            .onConnect(handshake -> handshake.accept(listener))
            .build();
        server[0].start().thenAccept(it -> System.out.println(it.port()));
    }
}
