package dev.kobahn.java;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kobahn.CloseStatus;
import dev.kobahn.autobahn.ConnectionAccept;
import dev.kobahn.ConnectionClosedException;
import dev.kobahn.ConnectionDeniedException;
import dev.kobahn.HandshakeException;
import dev.kobahn.Message;
import dev.kobahn.PreparedMessage;
import dev.kobahn.ReadingPausedException;
import dev.kobahn.SlowConsumer;
import dev.kobahn.TransportDetails;
import dev.kobahn.TrafficStats;
import dev.kobahn.WebSocket;
import dev.kobahn.WebSocketServerOptions;
import dev.kobahn.WebSocketState;
import dev.kobahn.WireLog;
import dev.kobahn.autobahn.StatusPage;
import dev.kobahn.protocol.CloseCode;
import dev.kobahn.protocol.CloseFrame;
import dev.kobahn.protocol.FrameMask;
import dev.kobahn.protocol.MessageType;
import dev.kobahn.protocol.Utf8Validator;
import dev.kobahn.protocol.WebSocketException;
import dev.kobahn.protocol.frame.Frame;
import dev.kobahn.protocol.frame.FrameParser;
import dev.kobahn.protocol.RawFrame;
import dev.kobahn.protocol.extension.AgreedExtension;
import dev.kobahn.protocol.extension.ClientExtension;
import dev.kobahn.protocol.extension.ExtensionHeader;
import dev.kobahn.protocol.extension.ExtensionParameter;
import dev.kobahn.protocol.extension.PerMessageCompressOffer;
import dev.kobahn.protocol.extension.PerMessageCompressOfferAccept;
import dev.kobahn.protocol.extension.PerMessageCompressResponse;
import dev.kobahn.protocol.extension.PerMessageCompressResponseAccept;
import dev.kobahn.protocol.extension.PerMessageCompressStep;
import dev.kobahn.protocol.extension.PerMessageCompression;
import dev.kobahn.protocol.extension.PerMessageDeflate;
import dev.kobahn.protocol.extension.PerMessageDeflateOffer;
import dev.kobahn.protocol.extension.PerMessageDeflateOfferAccept;
import dev.kobahn.protocol.extension.PerMessageDeflateOptions;
import dev.kobahn.protocol.extension.PerMessageDeflateResponse;
import dev.kobahn.protocol.extension.PerMessageDeflateResponseAccept;
import dev.kobahn.protocol.extension.ServerExtension;
import dev.kobahn.protocol.handshake.ConnectingRequest;
import dev.kobahn.CookieJar;
import dev.kobahn.protocol.handshake.BasicCredentials;
import dev.kobahn.reconnect.NotConnectedException;
import dev.kobahn.reconnect.ReconnectState;
import dev.kobahn.reconnect.Unsent;
import dev.kobahn.protocol.handshake.ConnectionRequest;
import dev.kobahn.protocol.handshake.Secrets;
import dev.kobahn.protocol.handshake.ConnectionResponse;
import dev.kobahn.protocol.handshake.Headers;
import dev.kobahn.protocol.handshake.HttpRequest;
import dev.kobahn.protocol.handshake.HttpResponse;
import dev.kobahn.protocol.handshake.WebSocketUrl;
import dev.kobahn.protocol.stream.BinaryMessage;
import dev.kobahn.protocol.stream.CloseControlMessage;
import dev.kobahn.protocol.stream.DataMessage;
import dev.kobahn.protocol.stream.PingControlMessage;
import dev.kobahn.protocol.stream.PongControlMessage;
import dev.kobahn.protocol.stream.Stream;
import dev.kobahn.protocol.stream.StreamMessage;
import dev.kobahn.protocol.stream.TextMessage;
import java.io.IOException;
import java.lang.reflect.Constructor;
import java.lang.reflect.Executable;
import java.lang.reflect.Field;
import java.lang.reflect.Member;
import java.lang.reflect.Modifier;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import dev.kobahn.SendOptions;

/** No Kotlin type and no mangled name is in Java's sight. */
class SignatureTest {
    /** Types of the Kotlin API that appear in the signatures of the Java face. */
    private static final List<Class<?>> USED = List.of(
        Message.class, Message.Text.class, Message.Binary.class, MessageType.class,
        CloseStatus.class, CloseStatus.Initiator.class, CloseFrame.class, CloseCode.class,
        Headers.class, Headers.Builder.class, HttpRequest.class, HttpResponse.class,
        ConnectionRequest.class, ConnectionResponse.class, ConnectionAccept.class, SendOptions.class,
        ConnectionDeniedException.class, ConnectionClosedException.class, ReadingPausedException.class,
        HandshakeException.class, WebSocketUrl.class, WebSocketException.class, Frame.class,
        FrameParser.class, Stream.class, StreamMessage.class, DataMessage.class,
        TextMessage.class, BinaryMessage.class, CloseControlMessage.class,
        PingControlMessage.class, PongControlMessage.class, Utf8Validator.class,
        PreparedMessage.class, SlowConsumer.class,
        SlowConsumer.Suspend.class, SlowConsumer.DropOldest.class, SlowConsumer.Disconnect.class,
        RawFrame.class, FrameMask.class, TransportDetails.class,
        TransportDetails.ChannelType.class, ConnectingRequest.class, StatusPage.class,
        WebSocketState.class, TrafficStats.class, WireLog.class, WireLog.Entry.class,
        WireLog.Entry.Frame.class, WireLog.Entry.Bytes.class, WireLog.Entry.Note.class,
        PerMessageDeflateOptions.class, PerMessageDeflate.class, PerMessageCompression.class,
        PerMessageCompressStep.class, PerMessageCompressOffer.class,
        PerMessageCompressOfferAccept.class, PerMessageCompressResponse.class,
        PerMessageCompressResponseAccept.class, PerMessageDeflateOffer.class,
        PerMessageDeflateOfferAccept.class, PerMessageDeflateResponse.class,
        PerMessageDeflateResponseAccept.class, ExtensionHeader.class, ExtensionParameter.class,
        BasicCredentials.class, Secrets.class, CookieJar.class,
        ReconnectState.class, ReconnectState.Connecting.class, ReconnectState.Open.class,
        ReconnectState.Waiting.class, ReconnectState.Ended.class, Unsent.class,
        NotConnectedException.class,
        ServerExtension.class, ClientExtension.class, AgreedExtension.class);

    @Test
    void noSignatureOfTheJavaFaceNamesAKotlinType() throws Exception {
        assertEquals(new TreeSet<>(), problems(javaFace()));
    }

    @Test
    void noSignatureOfTheTypesItUsesNamesAKotlinType() {
        assertEquals(new TreeSet<>(), problems(USED));
    }

    @Test
    void theCheckFindsKotlinTypesAndMangledNames() {
        String problems =
            problems(List.of(WebSocket.class, WebSocketServerOptions.class)).toString();
        assertTrue(problems.contains("kotlin.coroutines.Continuation"), problems);
        assertTrue(problems.contains("getOpenHandshakeTimeout-"), problems);
    }

    private static List<Class<?>> javaFace() throws IOException, ClassNotFoundException {
        Path root = Path.of("target/classes");
        List<Class<?>> classes = new ArrayList<>();
        try (java.util.stream.Stream<Path> files = Files.list(root.resolve("dev/kobahn/java"))) {
            for (Path file : files.collect(Collectors.toList())) {
                String name = file.getFileName().toString().replace(".class", "");
                Class<?> type = Class.forName("dev.kobahn.java." + name);
                boolean hidden = type.isSynthetic() || type.isAnnotation();
                if (Modifier.isPublic(type.getModifiers()) && !hidden) classes.add(type);
            }
        }
        assertTrue(classes.contains(AsyncWebSocket.class), "found only " + classes);
        return classes;
    }

    private static TreeSet<String> problems(List<Class<?>> classes) {
        TreeSet<String> problems = new TreeSet<>();
        for (Class<?> type : classes) {
            List<Member> members = new ArrayList<>(List.of(type.getDeclaredMethods()));
            members.addAll(List.of(type.getDeclaredConstructors()));
            members.addAll(List.of(type.getDeclaredFields()));
            for (Member member : members) {
                int visible = Modifier.PUBLIC | Modifier.PROTECTED;
                if ((member.getModifiers() & visible) == 0 || member.isSynthetic()) continue;
                if (!isEntries(member) && isProblem(member)) problems.add(signature(member));
            }
        }
        return problems;
    }

    /** The compiler gives it to every enum. */
    private static boolean isEntries(Member member) {
        return member.getDeclaringClass().isEnum() && member.getName().equals("getEntries");
    }

    private static boolean isProblem(Member member) {
        boolean mangled = !(member instanceof Constructor) && member.getName().matches(".*[-$].*");
        return mangled || signature(member).matches(".*\\bkotlinx?\\..*");
    }

    private static String signature(Member member) {
        return member instanceof Executable
            ? ((Executable) member).toGenericString()
            : ((Field) member).toGenericString();
    }

    @Test
    void headersAreMadeByTurns() {
        Headers headers = Headers.of("A", "1", "B", "2");
        assertEquals("1", headers.get("a"));
        assertEquals(headers, Headers.of(Map.of("A", List.of("1"))).plus(Headers.of("B", "2")));
        assertEquals(headers, new Headers.Builder().add("A", "1").add("B", "2").build());
    }
}
