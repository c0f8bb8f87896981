package dev.kobahn.java;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kobahn.TransportDetails;
import dev.kobahn.protocol.handshake.ConnectingRequest;
import dev.kobahn.protocol.handshake.Headers;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;
import dev.kobahn.CookieJar;
import dev.kobahn.HandshakeException;
import dev.kobahn.protocol.handshake.HttpResponse;
import java.net.CookieManager;
import org.junit.jupiter.api.Test;

class ClientHooksInJavaTest {
    private final CompletableFuture<String> token = new CompletableFuture<>();

    private RunningServer server() {
        return new RunningServer(it -> it.onConnect(handshake -> {
            assertTrue(handshake.transportDetails().isServer());
            token.complete(String.valueOf(handshake.request().getHeaders().get("X-Token")));
            return handshake.accept(new Recorder.Echo());
        }));
    }

    private static CompletableFuture<AsyncClientWebSocket> connect(
        RunningServer server,
        UnaryOperator<AsyncWebSocketClient.Builder> configure,
        WebSocketListener listener) {
        AsyncWebSocketClient client =
            configure.apply(new AsyncWebSocketClient.Builder()).build();
        return client.connect(server.url("/"), listener);
    }

    @Test
    void credentialsCookiesAndRedirectsAreOptions() {
        CookieManager cookies = new CookieManager();
        try (RunningServer running = new RunningServer(it -> it.onRequest(request ->
            request.getPath().equals("/")
                ? HttpResponse.redirect("/end").withHeaders(Headers.of("Set-Cookie", "a=1"))
                : HttpResponse.text(request.getHeaders().get("Authorization") + request.getCookies())
        ))) {
            AsyncWebSocketClient.Builder builder = new AsyncWebSocketClient.Builder()
                .maxRedirects(1)
                .cookies(CookieJar.of(cookies));
            for (AsyncWebSocketClient.Builder each : List.of(
                builder.bearerAuth(() -> "token"),
                builder.bearerAuthAsync(() -> CompletableFuture.completedFuture("token"))
            )) {
                HandshakeException end = Futures.failure(
                    HandshakeException.class,
                    each.build().connect(running.url("/"), new Recorder()));
                assertEquals("Bearer token{a=1}", end.getBodyText());
                assertEquals(2, end.getRedirects().size());
            }
            HandshakeException end = Futures.failure(
                HandshakeException.class,
                builder.basicAuth("a", "b").build().connect(running.url("/"), new Recorder()));
            assertEquals("Basic YTpi{a=1}", end.getBodyText());
        }
    }

    @Test
    void whatOnConnectingReturnsIsSentAtOnceOrLater() {
        try (RunningServer server = server()) {
            Futures.get(connect(server, it -> it.onConnecting(
                (details, request) -> request.plus(Headers.of("X-Token", details.getPeer()))),
                new Recorder()));
            assertTrue(Futures.get(token).endsWith(":" + server.server.port()));
        }
        CompletableFuture<ConnectingRequest> later = new CompletableFuture<>();
        try (RunningServer server = server()) {
            CompletableFuture<AsyncClientWebSocket> opened = connect(
                server,
                it -> it.onConnectingAsync((details, request) ->
                    later.thenApply(ready -> ready == null ? null : request)),
                new Recorder());
            later.complete(null);
            Futures.get(opened);
        }
    }

    @Test
    void onConnectIsCalledBeforeTheListenerAndMayRefuse() throws Exception {
        try (RunningServer server = server()) {
            Recorder recorder = new Recorder();
            Futures.get(connect(
                server,
                it -> it.onConnect(answer -> recorder.events.add("judged " + answer.getStatus())),
                recorder));
            assertEquals(
                List.of("judged 101", "open"),
                List.of(recorder.next(), recorder.next()));
            CompletableFuture<AsyncClientWebSocket> refused = connect(
                server,
                it -> it.onConnect(answer -> {
                    throw new IllegalStateException("not for us");
                }),
                new Recorder());
            assertEquals(
                "not for us",
                Futures.failure(IllegalStateException.class, refused).getMessage());
            CompletableFuture<Void> judged = new CompletableFuture<>();
            CompletableFuture<AsyncClientWebSocket> waiting =
                connect(server, it -> it.onConnectAsync(answer -> judged), new Recorder());
            judged.completeExceptionally(new ArithmeticException());
            Futures.failure(ArithmeticException.class, waiting);
        }
    }

    @Test
    void theTransportIsKnownOnBothEnds() {
        Recorder there = new Recorder();
        try (RunningServer server = RunningServer.of(there)) {
            TransportDetails here = server.connect(new Recorder()).transportDetails();
            assertEquals(TransportDetails.ChannelType.TCP, here.getChannelType());
            assertEquals(here.getOwn(), there.webSocket().transportDetails().getPeer());
            assertTrue(there.webSocket().transportDetails().isServer());
            assertTrue(!here.isServer() && !here.isSecure());
        }
    }

    @Test
    void aRouteHasOptionsOfItsOwn() {
        AsyncRoute small = new AsyncRoute("/small/{name}")
            .maxMessagePayloadSize(2)
            .autoPingInterval(1, TimeUnit.HOURS)
            .subprotocols("small")
            .onConnect(handshake -> handshake.accept(
                new Recorder.Echo(),
                Headers.of("X-Name", handshake.pathParameters().get("name"))));
        try (RunningServer server = new RunningServer(it -> {
            it.route(small).subprotocols("large").onConnect(
                handshake -> handshake.accept(new Recorder.Echo()));
            small.maxMessagePayloadSize(3);
            return it.route(new AsyncRoute("/usual"));
        })) {
            AsyncWebSocketClient client =
                new AsyncWebSocketClient.Builder().subprotocols("large", "small").build();
            Recorder recorder = new Recorder();
            AsyncClientWebSocket webSocket =
                Futures.get(client.connect(server.url("/small/x"), recorder));
            assertEquals("small", webSocket.subprotocol());
            assertEquals("x", webSocket.connectionResponse().getHeaders().get("X-Name"));
            webSocket.send("abc");
            assertEquals(1009, recorder.status().getCode());
            Recorder usual = new Recorder();
            Futures.get(client.connect(server.url("/usual"), usual)).send("abc");
            assertEquals("large", usual.webSocket().subprotocol());
            Futures.get(client.close());
        }
    }
}
