package dev.kobahn.java;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kobahn.ConnectionDeniedException;
import dev.kobahn.HandshakeException;
import dev.kobahn.protocol.CloseCode;
import dev.kobahn.protocol.handshake.BasicCredentials;
import dev.kobahn.protocol.handshake.Headers;
import dev.kobahn.protocol.handshake.HttpResponse;
import dev.kobahn.protocol.handshake.WebSocketUrl;
import java.io.IOException;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import dev.kobahn.WebSockets;
import dev.kobahn.protocol.handshake.HttpStatus;
import dev.kobahn.protocol.handshake.Secrets;

class OpeningHandshakeTest {
    private static RunningServer onConnect(Function<OpeningHandshake, HandshakeDecision> decide) {
        return new RunningServer(it -> it.subprotocols("v2", "v1").onConnect(decide));
    }

    private static HandshakeException refusal(RunningServer running) {
        return Futures.failure(
            HandshakeException.class,
            running.client.connect(running.url("/"), new Recorder()));
    }

    @Test
    void aDeniedConnectionFailsTheFutureWithTheAnswer() {
        try (RunningServer running = onConnect(handshake -> handshake.deny(401, "Who are you?"))) {
            HandshakeException refusal = refusal(running);
            assertEquals(401, refusal.getStatus());
        }
    }

    @Test
    void aDenialCarriesHeadersAndABody() {
        Headers headers = Headers.of("X-Why", "full moon");
        ConnectionDeniedException deny =
            new ConnectionDeniedException(HttpStatus.FORBIDDEN, "", headers, "Go away");
        try (RunningServer running = onConnect(handshake -> handshake.deny(deny))) {
            HandshakeException refusal = refusal(running);
            assertEquals(403, refusal.getStatus());
            assertEquals("full moon", refusal.getHeaders().get("x-why"));
            assertEquals("Go away", refusal.getBodyText());
        }
    }

    @Test
    void aThrownDenialDeniesAndAnyOtherExceptionIs500() {
        try (RunningServer running = onConnect(handshake -> {
            throw new ConnectionDeniedException(HttpStatus.NOT_FOUND);
        })) {
            assertEquals(404, refusal(running).getStatus());
        }
        try (RunningServer running = onConnect(handshake -> {
            throw new IllegalStateException("broken");
        })) {
            assertEquals(500, refusal(running).getStatus());
        }
    }

    @Test
    void aDecisionOfSomebodyElseIs500() {
        try (RunningServer running = onConnect(handshake -> new HandshakeDecision() { })) {
            assertEquals(500, refusal(running).getStatus());
        }
    }

    @Test
    void aDecisionMayComeLater() {
        CompletableFuture<String> user = new CompletableFuture<>();
        try (RunningServer running = new RunningServer(it -> it.onConnectAsync(
            handshake -> user.thenApply(
                name -> handshake.accept(new Recorder.Echo(), Headers.of("X-User", name)))))) {
            CompletableFuture<AsyncClientWebSocket> connecting =
                running.client.connect(running.url("/"), new Recorder());
            assertFalse(connecting.isDone());
            user.complete("alice");
            assertEquals(
                "alice",
                Futures.get(connecting).connectionResponse().getHeaders().get("X-User"));
        }
    }

    @Test
    void aDecisionThatFailsLaterDenies() {
        CompletableFuture<HandshakeDecision> decision = new CompletableFuture<>();
        decision.completeExceptionally(new ConnectionDeniedException(HttpStatus.SERVICE_UNAVAILABLE));
        try (RunningServer running = new RunningServer(
            it -> it.routeAsync("/", handshake -> decision.thenApply(same -> same)))) {
            assertEquals(503, refusal(running).getStatus());
        }
    }

    @Test
    void theServerChoosesItsFavouriteSubprotocolUnlessTold() {
        WebSocketListener echo = new Recorder.Echo();
        try (RunningServer running = new RunningServer(it -> it
            .subprotocols("v2", "v1")
            .route("/auto", handshake -> handshake.accept(echo))
            .route("/v1", handshake -> handshake.accept(echo, "v1", Headers.EMPTY))
            .route("/none", handshake ->
                handshake.accept(echo, WebSockets.NO_SUBPROTOCOL, Headers.EMPTY)))) {
            AsyncWebSocketClient client =
                new AsyncWebSocketClient.Builder().subprotocols("v1", "v2").build();
            Function<String, String> chosen = path ->
                Futures.get(client.connect(running.url(path), new Recorder())).subprotocol();
            assertEquals("v2", chosen.apply("/auto"));
            assertEquals("v1", chosen.apply("/v1"));
            assertNull(chosen.apply("/none"));
            Futures.get(client.close());
        }
    }

    @Test
    void aRouteGivesItsParametersAndTheRequest() {
        Recorder server = new Recorder();
        CompletableFuture<String> asked = new CompletableFuture<>();
        Function<OpeningHandshake, HandshakeDecision> decide = handshake -> {
            String room = handshake.pathParameters().get("room");
            asked.complete(room + handshake.request().param("as"));
            return handshake.accept(server);
        };
        try (RunningServer running = new RunningServer(it -> it.route("/rooms/{room}", decide))) {
            WebSocketUrl url = WebSocketUrl.parse(running.url("/rooms/blue?as=bob"));
            Futures.get(running.client.connect(url, new Recorder()));
            assertEquals("bluebob", Futures.get(asked));
            AsyncServerWebSocket webSocket = (AsyncServerWebSocket) server.webSocket();
            assertEquals(Map.of("room", "blue"), webSocket.pathParameters());
            assertEquals("/rooms/blue", webSocket.connectionRequest().getPath());
            assertEquals(404, refusal(running).getStatus());
        }
    }

    @Test
    void aRequestMayBeAnsweredBeforeAnythingBecomesOfIt() {
        HttpResponse no = HttpResponse.text("no").withStatus(418);
        try (RunningServer running = new RunningServer(it -> it
            .onRequest(request -> request.getPath().equals("/") ? no : null)
            .onConnect(handshake -> handshake.accept(new Recorder.Echo())))) {
            assertEquals("no", refusal(running).getBodyText());
            assertTrue(Futures.get(running.client.connect(running.url("/other"), new Recorder()))
                .connectionResponse().getStatus() == 101);
        }
        try (RunningServer running = new RunningServer(it -> it.onRequestAsync(
            request -> CompletableFuture.supplyAsync(() -> HttpResponse.text("later"))))) {
            assertEquals("later", refusal(running).getBodyText());
        }
    }

    @Test
    void aRequestIsAnsweredWithTheCountsOfTheServer() {
        HttpResponse later = HttpResponse.text("later");
        try (RunningServer running = new RunningServer(it -> it.onRequest((server, request) ->
            HttpResponse.text(request.getMethod() + " " + server.connectionCount())))) {
            assertEquals("GET 1", refusal(running).getBodyText());
        }
        try (RunningServer running = new RunningServer(it -> it.onRequestAsync((server, request) ->
            CompletableFuture.supplyAsync(() -> server.handlerCount() == 1 ? later : null)))) {
            assertEquals("later", refusal(running).getBodyText());
        }
    }

    @Test
    void aRequestHasItsCredentialsAndCookies() {
        BasicCredentials ada = new BasicCredentials("ada", "lovelace");
        try (RunningServer running = new RunningServer(it -> it.onRequest(request ->
            HttpResponse.text(request.getBasicCredentials().matches("ada", "lovelace")
                + " " + request.getBearerToken()
                + " " + Secrets.match(request.cookie("session"), "1")
                + " " + request.getCookies())))) {
            AsyncWebSocketClient client = new AsyncWebSocketClient.Builder()
                .headers(Headers.of("Authorization", ada.getHeaderValue(), "Cookie", "session=1"))
                .build();
            HandshakeException refusal = Futures.failure(
                HandshakeException.class, client.connect(running.url("/"), new Recorder()));
            assertEquals("true null true {session=1}", refusal.getBodyText());
        }
    }

    @Test
    void whatCannotBeReachedOrReadFailsTheFuture() {
        AsyncWebSocketClient client = new AsyncWebSocketClient.Builder().build();
        Futures.failure(
            IllegalArgumentException.class,
            client.connect("http://x/", new Recorder()));
        RunningServer running = RunningServer.of(new Recorder.Echo());
        String url = running.url("/");
        running.close();
        Futures.failure(IOException.class, client.connect(url, new Recorder()));
    }

    @Test
    void cancellingTheFutureEndsTheAttemptAndStoppingTheServerTheDecision() {
        CompletableFuture<HandshakeDecision> never = new CompletableFuture<>();
        CompletableFuture<Boolean> asked = new CompletableFuture<>();
        try (RunningServer running = new RunningServer(it -> it.onConnectAsync(handshake -> {
            asked.complete(true);
            return never;
        }))) {
            CompletableFuture<AsyncClientWebSocket> connecting =
                running.client.connect(running.url("/"), new Recorder());
            Futures.get(asked);
            connecting.cancel(true);
            Futures.get(running.client.close());
            assertTrue(connecting.isCancelled());
            assertFalse(never.isDone());
            Futures.get(running.server.stop(0, 100, TimeUnit.MILLISECONDS, CloseCode.GOING_AWAY));
            assertTrue(never.isCancelled());
        }
    }
}
