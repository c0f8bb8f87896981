package dev.kobahn.java;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kobahn.CookieJar;
import dev.kobahn.HandshakeException;
import dev.kobahn.HostResolver;
import dev.kobahn.Route;
import dev.kobahn.WebSocketClientOptions;
import dev.kobahn.WebSocketOptions;
import dev.kobahn.WebSocketServerOptions;
import dev.kobahn.WireLog;
import dev.kobahn.protocol.CloseCode;
import dev.kobahn.protocol.extension.ClientExtension;
import dev.kobahn.protocol.extension.PerMessageDeflate;
import dev.kobahn.protocol.extension.PerMessageDeflateOptions;
import dev.kobahn.protocol.extension.ServerExtension;
import dev.kobahn.protocol.handshake.ForwardedField;
import dev.kobahn.protocol.handshake.HeadLimits;
import dev.kobahn.protocol.handshake.Headers;
import dev.kobahn.proxy.ProxyChoice;
import dev.kobahn.proxy.ProxyServer;
import java.net.CookieManager;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** Every option of the Kotlin API has a method in the builder, and what it is given gets there. */
class OptionsTest {
    /** The only option that is called otherwise: its type is Kotlin's. */
    private static final Map<String, String> RENAMED = Map.of("handlerDispatcher", "executor");

    /** What each setting makes a new object of. */
    private static final List<String> WRAPPED = List.of("handlerDispatcher");

    private static final WireLog LOG = entry -> { };
    private static final PerMessageDeflate DEFLATE = new PerMessageDeflate();
    private static final Consumer<PerMessageDeflateOptions> AS_IT_IS = deflate -> { };

    @TestFactory
    Stream<DynamicTest> everyOptionOfAServerIsSetThroughTheBuilder() {
        return options(WebSocketServerOptions.class, AsyncWebSocketServer.Builder::new);
    }

    @TestFactory
    Stream<DynamicTest> everyOptionOfAClientIsSetThroughTheBuilder() {
        return options(WebSocketClientOptions.class, AsyncWebSocketClient.Builder::new);
    }

    @TestFactory
    Stream<DynamicTest> everyOptionOfARouteIsSetThroughTheBuilder() {
        return options(Route.class, () -> new AsyncRoute("/"));
    }

    private static Stream<DynamicTest> options(Class<?> options, Supplier<?> builder) {
        Map<String, Method> getters = optionsOf(options);
        assertTrue(getters.size() > 20, "found only " + getters.keySet());
        return getters.entrySet().stream().map(option -> DynamicTest.dynamicTest(
            option.getKey(),
            () -> assertEveryFormIsEffective(option.getKey(), option.getValue(), builder)));
    }

    /** Every way to set an option changes it from its default, all of them to the same value. */
    private static void assertEveryFormIsEffective(String name, Method getter, Supplier<?> builder)
        throws Exception {
        Object before = getter.invoke(optionsIn(builder.get()));
        List<Object> after = new ArrayList<>();
        List<Class<?>> types = new ArrayList<>();
        String called = RENAMED.getOrDefault(name, name);
        for (Method method : builder.get().getClass().getMethods()) {
            if (method.isBridge() || !method.getName().equals(called)) continue;
            Object made = builder.get();
            method.invoke(made, arguments(method, before));
            after.add(getter.invoke(optionsIn(made)));
            types.addAll(List.of(method.getParameterTypes()));
        }
        assertTrue(!after.isEmpty(), "the builder has no method for " + name);
        for (Object value : after) {
            assertNotEquals(before, value);
            if (!WRAPPED.contains(name)) assertEquals(after.get(0), value);
        }
        boolean isTime = types.contains(TimeUnit.class);
        assertEquals(getter.getName().contains("-"), isTime, "a time has a form with a TimeUnit");
        assertEquals(isTime, types.contains(Duration.class), "a time has a form with a Duration");
    }

    private static Object[] arguments(Method method, Object before) {
        Class<?>[] types = method.getParameterTypes();
        if (types.length == 2 && types[1] == TimeUnit.class) {
            return new Object[] {77_000L, TimeUnit.MILLISECONDS};
        }
        Class<?> type = types[0];
        if (method.getName().equals("trustedProxies") || method.getName().equals("proxyProtocolFrom")) {
            return new Object[] {new String[] {"10.1.0.0/16", "::1"}};
        }
        if (method.getName().equals("allowedOrigins")) {
            return new Object[] {new String[] {"https://a.example:443", "http://*"}};
        }
        if (method.getName().equals("extensions")) {
            if (type == ServerExtension[].class) {
                return new Object[] {new ServerExtension[] {DEFLATE}};
            }
            return new Object[] {new ClientExtension[] {DEFLATE}};
        }
        if (method.getName().equals("perMessageDeflate") && type == boolean.class) {
            return new Object[] {true};
        }
        if (type == Duration.class) return new Object[] {Duration.ofSeconds(77)};
        if (type == boolean.class) return new Object[] {!(boolean) before};
        if (type == Boolean.class) return new Object[] {true};
        if (type == HostResolver.class) return new Object[] {(HostResolver) (host, then) -> List.of()};
        if (type == int.class) return new Object[] {method.getName().equals("version") ? 8 : (int) before + 1};
        if (type == long.class) return new Object[] {(long) before + 1};
        if (type == Integer.class) return new Object[] {77};
        if (type == String.class) return new Object[] {"other"};
        if (type == String[].class) return new Object[] {new String[] {"other", "others"}};
        if (type == int[].class) return new Object[] {new int[] {13}};
        if (type == ForwardedField.class) return new Object[] {ForwardedField.FORWARDED};
        if (type == ProxyChoice.class) return new Object[] {ProxyServer.http("proxy", 3128)};
        if (type == CookieJar.class) return new Object[] {CookieJar.of(new CookieManager())};
        if (type == HeadLimits.class) return new Object[] {new HeadLimits(1000, 64 * 1024, 100)};
        if (type == Headers.class) return new Object[] {Headers.of("X-Other", "yes")};
        if (type == WireLog.class) return new Object[] {LOG};
        if (type == Consumer.class) return new Object[] {AS_IT_IS};
        if (type == Executor.class) return new Object[] {(Executor) Runnable::run};
        throw new AssertionError("no value for the new type " + type);
    }

    /** The getters of the properties that can be set, by name; those of times are mangled. */
    private static Map<String, Method> optionsOf(Class<?> options) {
        Map<String, Method> getters = new TreeMap<>();
        for (Method setter : options.getMethods()) {
            if (!setter.getName().startsWith("set") || setter.getName().contains("$")) continue;
            String capital = setter.getName().substring("set".length()).replaceFirst("-.*", "");
            for (Method getter : options.getMethods()) {
                if (getter.getName().replaceFirst("-.*", "").equals("get" + capital)) {
                    String initial = capital.substring(0, 1).toLowerCase(Locale.ROOT);
                    getters.put(initial + capital.substring(1), getter);
                }
            }
        }
        return getters;
    }

    /** The options a builder has collected, which Java cannot see. */
    private static WebSocketOptions optionsIn(Object builder) throws ReflectiveOperationException {
        for (Method method : builder.getClass().getMethods()) {
            boolean given = WebSocketOptions.class.isAssignableFrom(method.getReturnType());
            if (given) return (WebSocketOptions) method.invoke(builder);
        }
        throw new AssertionError("no options in " + builder);
    }

    @Test
    void everyFunctionThatConfiguresIsThere() {
        assertFunctionsAreThere(WebSocketServerOptions.class, AsyncWebSocketServer.Builder.class);
        assertFunctionsAreThere(WebSocketClientOptions.class, AsyncWebSocketClient.Builder.class);
        assertFunctionsAreThere(Route.class, AsyncRoute.class);
    }

    private static void assertFunctionsAreThere(Class<?> options, Class<?> builder) {
        for (Method method : options.getDeclaredMethods()) {
            String types = Arrays.toString(method.getParameterTypes());
            boolean configures = types.contains("kotlin.jvm.functions");
            if (!Modifier.isPublic(method.getModifiers()) || !configures) continue;
            if (method.getName().startsWith("set") || method.isSynthetic()) continue;
            assertTrue(
                Stream.of(builder.getMethods())
                    .anyMatch(it -> it.getName().equals(method.getName())),
                "the builder has no " + method.getName());
        }
    }

    @Test
    void aValueOutOfRangeIsRefusedWhereItIsSet() {
        AsyncWebSocketServer.Builder builder = new AsyncWebSocketServer.Builder();
        IllegalArgumentException refusal =
            assertThrows(IllegalArgumentException.class, () -> builder.port(70_000));
        assertEquals("port is 70000, must be 0 (any free one) to 65535", refusal.getMessage());
        assertThrows(
            IllegalArgumentException.class,
            () -> builder.closeHandshakeTimeout(-1, TimeUnit.SECONDS));
    }

    @Test
    void anOptionReachesTheServerAndTheClientThatAreBuilt() {
        try (RunningServer running = new RunningServer(it -> it
            .maxMessagePayloadSize(10)
            .headers(Headers.of("X-Node", "7"))
            .onConnect(handshake -> handshake.accept(new Recorder.Echo())))) {
            Recorder recorder = new Recorder();
            AsyncClientWebSocket webSocket = running.connect(recorder);
            assertEquals("7", webSocket.connectionResponse().getHeaders().get("X-Node"));
            webSocket.send("more than ten bytes");
            assertEquals(CloseCode.MESSAGE_TOO_BIG, recorder.status().getCode());
        }
        try (RunningServer running = new RunningServer(it -> it
            .allowedOrigins("https://example.com:443")
            .onConnect(handshake -> handshake.accept(new Recorder.Echo())))) {
            AsyncWebSocketClient client =
                new AsyncWebSocketClient.Builder().origin("https://evil.example").build();
            assertEquals(403, Futures.failure(
                HandshakeException.class,
                client.connect(running.url("/"), new Recorder())).getStatus());
        }
    }

    @Test
    void whatIsBuiltDoesNotChangeWithTheBuilder() {
        AsyncWebSocketServer.Builder builder = new AsyncWebSocketServer.Builder()
            .onConnect(handshake -> handshake.deny(401));
        AsyncWebSocketServer first = builder.build();
        Futures.get(first.start());
        AsyncWebSocketServer second = builder.onConnect(handshake -> handshake.deny(403)).build();
        Futures.get(second.start());
        AsyncWebSocketClient client = new AsyncWebSocketClient.Builder().build();
        Map.of(first, 401, second, 403).forEach((server, status) -> {
            String url = "ws://localhost:" + server.port() + "/";
            assertEquals(status, Futures.failure(
                HandshakeException.class,
                client.connect(url, new Recorder())).getStatus());
            Futures.get(server.stop());
        });
    }
}
