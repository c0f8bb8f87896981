package dev.kobahn.java;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kobahn.hosting.BlockingByteStream;
import dev.kobahn.hosting.HostedAnswer;
import dev.kobahn.hosting.HostedHandshake;
import dev.kobahn.hosting.HostedRequest;
import dev.kobahn.hosting.HostedRoute;
import dev.kobahn.hosting.StreamDetails;
import dev.kobahn.protocol.handshake.Headers;
import dev.kobahn.protocol.handshake.RequestHead;
import dev.kobahn.protocol.handshake.WebSocketUrl;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(20)
class HostingInJavaTest {
    private static final StreamDetails DETAILS =
        new StreamDetails(StreamDetails.tcp("203.0.113.7", 4711));

    private final ExecutorService executor = Executors.newCachedThreadPool();
    private final AsyncHostedServer server = new AsyncWebSocketServer.Builder()
        .onConnect(handshake -> handshake.accept(new Recorder.Echo()))
        .buildHosted();
    private final AsyncWebSocketClient client = new AsyncWebSocketClient.Builder().build();

    @AfterEach
    void stop() {
        Futures.get(client.close());
        Futures.get(server.stop(0, 1, TimeUnit.SECONDS, 1001));
        executor.shutdown();
    }

    private BlockingByteStream stream(Socket socket) throws IOException {
        return BlockingByteStream.of(socket, executor);
    }

    private static StreamDetails details(Socket socket) {
        return StreamDetails.of(socket.getRemoteSocketAddress(), socket.getLocalSocketAddress());
    }

    private static HostedRequest request(HostedRoute route) {
        Headers headers = Headers.of(
            "Host", "localhost", "Upgrade", "websocket", "Connection", "Upgrade",
            "Sec-WebSocket-Version", "13", "Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==");
        return new HostedRequest(new RequestHead("GET", "/", "HTTP/1.1", headers), DETAILS, route);
    }

    @Test
    void bothEndsOfASocketAreHandedOver() throws Exception {
        try (ServerSocket listener = new ServerSocket(0, 1, InetAddress.getByName("127.0.0.1"))) {
            Socket near = new Socket(listener.getInetAddress(), listener.getLocalPort());
            Socket far = listener.accept();
            server.accept(stream(far), details(far));
            Recorder recorder = new Recorder();
            WebSocketUrl url = WebSocketUrl.parse("ws://localhost/");
            AsyncWebSocket webSocket =
                Futures.get(client.connectOver(stream(near), details(near), url, recorder));
            assertEquals("open", recorder.next());
            Futures.get(webSocket.send("hello"));
            assertEquals("text hello", recorder.next());
            assertEquals(1, server.connectionCount());
            assertTrue(Futures.get(webSocket.close()).wasClean());
        }
    }

    @Test
    void aHostAsksForTheAnswer() {
        HostedAnswer answer = Futures.get(server.answer(request(null)));
        HostedAnswer.Upgrade upgrade = assertInstanceOf(HostedAnswer.Upgrade.class, answer);
        assertEquals(101, upgrade.getResponse().getStatus());
        upgrade.close();
    }

    @Test
    void aHostChoosesTheRoute() {
        HostedRoute route =
            server.route(new AsyncRoute("/").onConnect(handshake -> handshake.deny(410)));
        HostedAnswer answer = Futures.get(server.answer(request(route)));
        HostedAnswer.Plain plain = assertInstanceOf(HostedAnswer.Plain.class, answer);
        assertEquals(410, plain.getResponse().getStatus());
    }

    @Test
    void anotherClientMakesTheHandshake() throws Exception {
        HostedHandshake handshake =
            Futures.get(client.handshakeFor(WebSocketUrl.parse("ws://localhost/")));
        HostedAnswer answer =
            Futures.get(server.answer(new HostedRequest(handshake.getRequest(), DETAILS)));
        HostedAnswer.Upgrade upgrade = assertInstanceOf(HostedAnswer.Upgrade.class, answer);
        try (ServerSocket listener = new ServerSocket(0, 1, InetAddress.getByName("127.0.0.1"))) {
            Socket near = new Socket(listener.getInetAddress(), listener.getLocalPort());
            upgrade.attach(stream(listener.accept()));
            Recorder recorder = new Recorder();
            AsyncWebSocket webSocket = Futures.get(client.openOver(
                handshake, upgrade.getResponse(), stream(near), details(near), recorder));
            Futures.get(webSocket.send("hello"));
            assertEquals("open", recorder.next());
            assertEquals("text hello", recorder.next());
        }
    }
}
