package dev.kobahn.java;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kobahn.Message;
import dev.kobahn.PreparedMessage;
import dev.kobahn.TrafficStats;
import dev.kobahn.protocol.MessageType;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import dev.kobahn.SendOptions;

/** Each way for Java to send a message as it is where messages are compressed. */
class SendOptionsTest {
    private static final int SIZE = 1000;
    private static final Message MESSAGE = new Message.Binary(new byte[SIZE]);
    private static final SendOptions PLAIN = new SendOptions(false);

    private static void writeInPieces(AsyncWebSocket webSocket, SendOptions options) {
        AsyncMessageWriter writer =
            Futures.get(webSocket.beginMessage(MessageType.BINARY, options));
        Futures.get(writer.end(new byte[SIZE]));
    }

    /** What [send] has go over the wire, in payload. */
    private static long sent(AsyncWebSocket webSocket, Consumer<AsyncWebSocket> send) {
        TrafficStats before = webSocket.statistics().getTraffic();
        send.accept(webSocket);
        TrafficStats after = webSocket.statistics().getTraffic();
        assertEquals(SIZE, after.getOutgoingBytesAppLevel() - before.getOutgoingBytesAppLevel());
        return after.getOutgoingBytesWebSocketLevel() - before.getOutgoingBytesWebSocketLevel();
    }

    @Test
    void aMessageIsCompressedUnlessItsOptionsSayNo() throws Exception {
        List<Consumer<AsyncWebSocket>> compressed = List.of(
            it -> Futures.get(it.send(MESSAGE)),
            it -> Futures.get(it.send(MESSAGE, new SendOptions(true, 100))),
            it -> Futures.get(it.send(MESSAGE, new SendOptions())),
            it -> Futures.get(it.send(new PreparedMessage(MESSAGE))),
            it -> writeInPieces(it, new SendOptions()));
        List<Consumer<AsyncWebSocket>> plain = List.of(
            it -> Futures.get(it.send(MESSAGE, PLAIN)),
            it -> Futures.get(it.send(MESSAGE, new SendOptions(false, 100))),
            it -> Futures.get(it.send(new PreparedMessage(MESSAGE, PLAIN))),
            it -> writeInPieces(it, PLAIN));
        AsyncWebSocketClient client =
            new AsyncWebSocketClient.Builder().perMessageDeflate(true).build();
        try (RunningServer server = new RunningServer(it -> it.perMessageDeflate(true)
            .onConnect(handshake -> handshake.accept(new Recorder.Echo())))) {
            Recorder recorder = new Recorder();
            AsyncWebSocket webSocket = Futures.get(client.connect(server.url("/"), recorder));
            assertTrue(webSocket.trySend(MESSAGE, PLAIN));
            for (Consumer<AsyncWebSocket> send : compressed) {
                assertTrue(sent(webSocket, send) < 100);
            }
            for (Consumer<AsyncWebSocket> send : plain) assertEquals(SIZE, sent(webSocket, send));
            assertEquals("open", recorder.next());
            for (int count = 0; count < compressed.size() + plain.size() + 1; count++) {
                assertEquals("binary " + SIZE, recorder.next());
            }
            Futures.get(webSocket.close());
        }
        Futures.get(client.close());
    }
}
