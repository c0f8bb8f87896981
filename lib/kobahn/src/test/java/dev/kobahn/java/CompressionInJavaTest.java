package dev.kobahn.java;

import static dev.kobahn.autobahn.CompressionOptions.perMessageCompression;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kobahn.HandshakeException;
import dev.kobahn.protocol.MessageType;
import dev.kobahn.protocol.extension.AgreedExtension;
import dev.kobahn.protocol.extension.ReservedBits;
import dev.kobahn.protocol.extension.ClientExtension;
import dev.kobahn.protocol.extension.CodecPool;
import dev.kobahn.protocol.extension.ExtensionHeader;
import dev.kobahn.protocol.extension.ExtensionParameter;
import dev.kobahn.protocol.extension.MessageDecoder;
import dev.kobahn.protocol.extension.MessageEncoder;
import dev.kobahn.protocol.extension.ByteSink;
import dev.kobahn.protocol.extension.PerMessageDeflate;
import dev.kobahn.protocol.extension.PerMessageDeflateOffer;
import dev.kobahn.protocol.extension.PerMessageDeflateOfferAccept;
import dev.kobahn.protocol.extension.PerMessageDeflateResponse;
import dev.kobahn.protocol.extension.PerMessageDeflateResponseAccept;
import dev.kobahn.protocol.extension.ServerExtension;
import java.io.DataInputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import dev.kobahn.protocol.extension.PerMessageCompressOffer;

/** Compression and other extensions as Java asks for them, by what stands in the heads. */
class CompressionInJavaTest {
    private static final String FIELD = "Sec-WebSocket-Extensions: ";

    /** An extension made in Java, which transforms no message. */
    private static final class Named implements ServerExtension, ClientExtension, AgreedExtension {
        @Override
        public ExtensionHeader getHeader() {
            return new ExtensionHeader("x-java", List.of(new ExtensionParameter("v", "1")));
        }

        @Override
        public int getReservedBits() {
            return ReservedBits.RSV3;
        }

        @Override
        public AgreedExtension accept(List<ExtensionHeader> offers) {
            return offers.contains(getHeader()) ? this : null;
        }

        @Override
        public List<ExtensionHeader> getOffers() {
            return List.of(getHeader());
        }

        @Override
        public AgreedExtension confirm(ExtensionHeader answer) {
            return answer.equals(getHeader()) ? this : null;
        }

        @Override
        public MessageEncoder encoder(CodecPool pool) {
            return new Idle();
        }

        @Override
        public MessageDecoder decoder(CodecPool pool) {
            return new Idle();
        }
    }

    private static final class Idle implements MessageEncoder, MessageDecoder {
        @Override
        public boolean begin(MessageType type, long length) {
            return false;
        }

        @Override
        public void encode(byte[] bytes, int offset, int length, ByteSink output) {
            output.write(bytes, offset, length);
        }

        @Override
        public void decode(byte[] bytes, int offset, int length, ByteSink output) {
            output.write(bytes, offset, length);
        }

        @Override
        public void flush(ByteSink output) { }

        @Override
        public void end(ByteSink output) { }

        @Override
        public void close() { }
    }

    private static RunningServer server(UnaryOperator<AsyncWebSocketServer.Builder> configure) {
        return new RunningServer(it -> configure.apply(it)
            .onConnect(handshake -> handshake.accept(new Recorder.Echo())));
    }

    /** The extensions in the answer to a request that offers [offers]. */
    private static String answer(RunningServer server, String path, String offers)
        throws IOException {
        try (Socket socket =
            new Socket(InetAddress.getByName("localhost"), server.server.port())) {
            socket.setSoTimeout(10_000);
            String request = "GET " + path + " HTTP/1.1\r\nHost: localhost\r\n"
                + "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n" + FIELD + offers + "\r\n\r\n";
            socket.getOutputStream().write(request.getBytes(StandardCharsets.ISO_8859_1));
            DataInputStream input = new DataInputStream(socket.getInputStream());
            StringBuilder head = new StringBuilder();
            while (head.indexOf("\r\n\r\n") < 0) head.append((char) input.readUnsignedByte());
            return head.toString().lines()
                .filter(line -> line.startsWith(FIELD))
                .map(line -> line.substring(FIELD.length()))
                .findFirst().orElse("none");
        }
    }

    @Test
    void aServerAnswersAsItsBuilderAndItsRoutesSay() throws IOException {
        String offer = "permessage-deflate; client_max_window_bits";
        try (RunningServer server = server(it -> it
            .perMessageDeflate(deflate -> {
                deflate.setServerMaxWindowBits(10);
                deflate.setClientNoContextTakeover(true);
            })
            .extensions(new Named())
            .route(new AsyncRoute("/none").perMessageDeflate(false))
            .route(new AsyncRoute("/more").perMessageDeflate(
                deflate -> deflate.setClientMaxWindowBits(9))))) {
            String usual =
                "permessage-deflate; server_max_window_bits=10; client_no_context_takeover";
            assertEquals(usual, answer(server, "/", offer));
            assertEquals("none", answer(server, "/none", offer));
            assertEquals(usual + "; client_max_window_bits=9", answer(server, "/more", offer));
            assertEquals(usual + ", x-java; v=1", answer(server, "/", "x-java; v=1, " + offer));
        }
    }

    @Test
    void anAcceptorOfAServerPicksAnOffer() throws IOException {
        try (RunningServer server = server(it -> it.configure(options -> perMessageCompression(options, offers -> {
            PerMessageDeflateOffer offer = (PerMessageDeflateOffer) offers.get(0);
            if (!offer.getAcceptMaxWindowBits()) return null;
            return new PerMessageDeflateOfferAccept(offer)
                .withRequestMaxWindowBits(9).withWindowBits(10).withAnnounced(true);
        })))) {
            assertEquals(
                "permessage-deflate; server_max_window_bits=10; client_max_window_bits=9",
                answer(server, "/", "permessage-deflate; client_max_window_bits"));
            assertEquals("none", answer(server, "/", "permessage-deflate"));
        }
    }

    @Test
    void aClientOffersAndDecides() {
        try (RunningServer server =
            server(it -> it.perMessageDeflate(true).extensions(new Named()))) {
            List<PerMessageCompressOffer> offers = List.of(
                new PerMessageDeflateOffer().withRequestMaxWindowBits(9),
                new PerMessageDeflateOffer());
            AsyncWebSocketClient client = new AsyncWebSocketClient.Builder()
                .configure(options -> perMessageCompression(options, offers, response ->
                    new PerMessageDeflateResponseAccept((PerMessageDeflateResponse) response)
                        .withMemLevel(9)))
                .extensions(new Named())
                .build();
            AsyncClientWebSocket webSocket =
                Futures.get(client.connect(server.url("/"), new Recorder()));
            assertEquals(
                "[permessage-deflate; server_max_window_bits=9, x-java; v=1]",
                webSocket.extensions().toString());
            assertEquals(webSocket.connectionResponse().getExtensions(), webSocket.extensions());
            AsyncWebSocketClient picky = new AsyncWebSocketClient.Builder()
                .configure(options -> perMessageCompression(options, offers, response -> null))
                .build();
            Futures.failure(
                HandshakeException.class,
                picky.connect(server.url("/"), new Recorder()));
        }
    }

    @Test
    void theBlockAndTheAcceptorExcludeEachOther() {
        AsyncWebSocketServer.Builder builder =
            new AsyncWebSocketServer.Builder().perMessageDeflate(true);
        IllegalArgumentException refusal = assertThrows(
            IllegalArgumentException.class,
            () -> builder.configure(
                options -> perMessageCompression(options, offers -> null)));
        assertTrue(refusal.getMessage().contains("exclude each other"), refusal.getMessage());
    }

    @Test
    void whatIsWishedForIsAValueToo() {
        PerMessageDeflate wished = new PerMessageDeflate(options -> {
            options.setServerNoContextTakeover(true);
            options.setServerMaxWindowBits(10);
        });
        assertEquals(10, wished.getOptions().getServerMaxWindowBits());
        assertEquals(
            "permessage-deflate; server_no_context_takeover; server_max_window_bits=10",
            wished.accept(List.of(new ExtensionHeader("permessage-deflate")))
                .getHeader().toString());
    }
}
