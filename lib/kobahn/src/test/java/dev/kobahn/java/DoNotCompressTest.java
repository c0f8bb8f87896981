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

/** Each way for Java to send a message as it is where messages are compressed. */
class DoNotCompressTest {
    private static final int SIZE = 1000;
    private static final Message MESSAGE = new Message.Binary(new byte[SIZE]);

    private static void writeInPieces(AsyncWebSocket webSocket, boolean doNotCompress) {
        AsyncMessageWriter writer =
            Futures.get(webSocket.beginMessage(MessageType.BINARY, doNotCompress));
        Futures.get(writer.end(new byte[SIZE]));
    }

    /** What [send] has go over the wire, in payload. */
    private static long sent(AsyncWebSocket webSocket, Consumer<AsyncWebSocket> send) {
        TrafficStats before = webSocket.trafficStats();
        send.accept(webSocket);
        TrafficStats after = webSocket.trafficStats();
        assertEquals(SIZE, after.getOutgoingBytesAppLevel() - before.getOutgoingBytesAppLevel());
        return after.getOutgoingBytesWebSocketLevel() - before.getOutgoingBytesWebSocketLevel();
    }

    @Test
    void aMessageIsCompressedUnlessItIsNotToBe() throws Exception {
        List<Consumer<AsyncWebSocket>> compressed = List.of(
            it -> Futures.get(it.send(MESSAGE)),
            it -> Futures.get(it.send(MESSAGE, 100)),
            it -> Futures.get(it.send(MESSAGE, false)),
            it -> Futures.get(it.send(new PreparedMessage(MESSAGE))),
            it -> writeInPieces(it, false));
        List<Consumer<AsyncWebSocket>> plain = List.of(
            it -> Futures.get(it.send(MESSAGE, true)),
            it -> Futures.get(it.send(MESSAGE, 100, true)),
            it -> Futures.get(it.send(new PreparedMessage(MESSAGE, true))),
            it -> writeInPieces(it, true));
        AsyncWebSocketClient client =
            new AsyncWebSocketClient.Builder().perMessageDeflate(true).build();
        try (RunningServer server = new RunningServer(it -> it.perMessageDeflate(true)
            .onConnect(handshake -> handshake.accept(new Recorder.Echo())))) {
            Recorder recorder = new Recorder();
            AsyncWebSocket webSocket = Futures.get(client.connect(server.url("/"), recorder));
            assertTrue(webSocket.trySend(MESSAGE, true));
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
