package dev.kobahn.java;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kobahn.HandshakeException;
import dev.kobahn.proxy.NoProxy;
import dev.kobahn.proxy.Proxies;
import dev.kobahn.proxy.ProxyException;
import dev.kobahn.proxy.ProxyServer;
import dev.kobahn.proxy.TestProxy;
import dev.kobahn.proxy.TestProxyKt;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;

class ProxiesInJavaTest {
    private static RunningServer echo() {
        return RunningServer.of(new Recorder.Echo());
    }

    private static void connects(
        String url,
        UnaryOperator<AsyncWebSocketClient.Builder> configure) {
        AsyncWebSocketClient client =
            configure.apply(new AsyncWebSocketClient.Builder()).build();
        assertTrue(Futures.get(Futures.get(client.connect(url, new Recorder())).close()).wasClean());
    }

    @Test
    void aProxyIsGivenOrChosenForEachUrl() {
        try (RunningServer running = echo();
             TestProxy proxy = TestProxyKt.connectProxy(running.server.port(), null)) {
            ProxyServer server = ProxyServer.http("127.0.0.1", proxy.getPort())
                .withCredentials("user", "password");
            String url = "ws://target.invalid/";
            connects(url, it -> it.proxy(server));
            connects(url, it -> it.proxyFor(to -> to.getHost().equals("target.invalid") ? server : null));
            connects(url, it -> it.proxyForAsync(to -> CompletableFuture.completedFuture(server)));
            Map<String, String> environment =
                Map.of("all_proxy", "http://127.0.0.1:" + proxy.getPort());
            connects(url, it -> it.proxy(Proxies.fromEnvironment(environment)));
            assertEquals(4, proxy.getConnections());
            connects(running.url("/"), it -> it.proxy(server.except(NoProxy.LOOPBACK)));
            connects(running.url("/"), it -> it.proxy(Proxies.system()));
            connects(running.url("/"), it -> it.proxy(Proxies.fromEnvironment()));
            assertEquals(4, proxy.getConnections());
        }
    }

    @Test
    void aRefusalOfAProxyHasItsPartsInJava() {
        try (TestProxy proxy = TestProxyKt.refusingProxy("HTTP/1.1 403 No\r\nX: y\r\n\r\nsorry")) {
            ProxyServer server = ProxyServer.http("127.0.0.1", proxy.getPort());
            ProxyException refusal = Futures.failure(
                ProxyException.class,
                new AsyncWebSocketClient.Builder().proxy(server).build()
                    .connect("ws://target.invalid/", new Recorder()));
            assertEquals(403, refusal.getStatus());
            assertEquals("y", refusal.getHeaders().get("X"));
            assertEquals("sorry", refusal.getBodyText());
            assertEquals(server, refusal.getProxy());
        }
    }

    @Test
    void namesAreLookedUpByFunctions() throws UnknownHostException {
        List<InetAddress> addresses = List.of(InetAddress.getByName("127.0.0.1"));
        try (RunningServer running = new RunningServer(it -> it
            .host("127.0.0.1")
            .onConnect(handshake -> handshake.accept(new Recorder.Echo())))) {
            String url = "ws://server.invalid:" + running.server.port() + "/";
            connects(url, it -> it.resolveBlocking(host -> addresses));
            connects(url, it -> it.resolveAsync(host -> CompletableFuture.completedFuture(addresses)));
        }
        UnknownHostException unknown = Futures.failure(
            UnknownHostException.class,
            new AsyncWebSocketClient.Builder().resolveBlocking(host -> List.of()).build()
                .connect("ws://server.invalid/", new Recorder()));
        assertTrue(unknown.getMessage().startsWith("DNS: no address of server.invalid"));
    }

    @Test
    void aLookupThatBlocksDoesNotOutlastTheTimeLimit() {
        CountDownLatch isOver = new CountDownLatch(1);
        try {
            HandshakeException late = Futures.failure(
                HandshakeException.class,
                new AsyncWebSocketClient.Builder()
                    .openHandshakeTimeout(100, TimeUnit.MILLISECONDS)
                    .resolveBlocking(host -> {
                        await(isOver);
                        return List.of();
                    })
                    .build().connect("ws://server.invalid/", new Recorder()));
            assertTrue(late.getMessage().contains("was not looked up"), late.getMessage());
        } finally {
            isOver.countDown();
        }
    }

    private static void await(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException interrupted) {
            throw new AssertionError(interrupted);
        }
    }

    @Test
    void aFailureOfALookupIsThatOfConnect() {
        UncheckedIOException thrown = new UncheckedIOException(new UnknownHostException("no such"));
        UnknownHostException unknown = Futures.failure(
            UnknownHostException.class,
            new AsyncWebSocketClient.Builder()
                .resolveBlocking(host -> {
                    throw thrown;
                })
                .build().connect("ws://server.invalid/", new Recorder()));
        assertTrue(unknown.getMessage().contains("server.invalid (no such)"), unknown.getMessage());
    }

    @Test
    void aServerListensAtSeveralPlaces() {
        try (RunningServer running = new RunningServer(it -> it
            .listen("127.0.0.1", 0)
            .listen("127.0.0.1", 0, listener -> assertEquals("127.0.0.1", listener.getHost()))
            .onConnect(handshake -> handshake.accept(new Recorder.Echo())))) {
            List<String> addresses = running.server.addresses();
            assertEquals(2, addresses.size());
            assertFalse(addresses.get(0).equals(addresses.get(1)));
            for (String address : addresses) {
                connects("ws://" + address.substring("tcp4:".length()) + "/", it -> it);
            }
        }
    }
}
