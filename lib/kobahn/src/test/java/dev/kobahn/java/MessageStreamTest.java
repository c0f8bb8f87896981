package dev.kobahn.java;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kobahn.ConnectionClosedException;
import dev.kobahn.Message;
import dev.kobahn.protocol.MessageType;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import dev.kobahn.SendOptions;

/** Messages go out and come in piece by piece. */
class MessageStreamTest {
    /** Writes down every call, with a given initial demand. */
    private static class Pieces extends Recorder implements MessageStreamListener {
        Pieces(long demand) {
            super(demand);
        }

        @Override
        public void onMessageBegin(AsyncWebSocket webSocket, MessageType type) {
            events.add("begin " + type);
        }

        @Override
        public void onFrameBegin(AsyncWebSocket webSocket, long length) {
            events.add("frame " + length);
        }

        @Override
        public void onMessageData(AsyncWebSocket webSocket, byte[] bytes) {
            events.add(new String(bytes, StandardCharsets.UTF_8));
        }

        @Override
        public void onFrameEnd(AsyncWebSocket webSocket) {
            events.add("frame end");
        }

        @Override
        public void onMessageEnd(AsyncWebSocket webSocket) {
            events.add("end");
        }
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private static void expect(Recorder recorder, String... events) throws InterruptedException {
        for (String event : events) assertEquals(event, recorder.next());
    }

    @Test
    void aMessageIsWrittenAndHeardFrameByFrame() throws Exception {
        Pieces pieces = new Pieces(Long.MAX_VALUE);
        try (RunningServer running = RunningServer.of(pieces)) {
            AsyncWebSocket client = running.connect(new Recorder());
            AsyncMessageWriter writer = Futures.get(client.beginMessage(MessageType.TEXT));
            writer.write("one");
            writer.beginFrame(3);
            writer.write(bytes("two"));
            writer.write(bytes("-three-"), 1, 5);
            Futures.get(writer.end(bytes("!")));
            client.send(new Message.Text("four"), new SendOptions(true, 2));
            expect(pieces, "open", "begin TEXT", "frame 3", "one", "frame end");
            expect(pieces, "frame 3", "two", "frame end", "frame 5", "three", "frame end");
            expect(pieces, "frame 1", "!", "frame end", "end");
            expect(pieces, "begin TEXT", "frame 2", "fo", "frame end", "frame 2", "ur", "frame end");
            expect(pieces, "end");
        }
    }

    @Test
    void demandCountsPieces() throws Exception {
        Pieces pieces = new Pieces(0);
        try (RunningServer running = RunningServer.of(pieces)) {
            AsyncWebSocket client = running.connect(new Recorder());
            client.send(new Message.Text("abc"), new SendOptions(true, 1));
            expect(pieces, "open", "begin TEXT", "frame 1");
            AsyncWebSocket server = pieces.webSocket();
            Futures.get(client.ping(TimeUnit.NANOSECONDS));
            assertTrue(pieces.events.isEmpty(), "too much: " + pieces.events);
            server.request(1);
            expect(pieces, "a");
            server.request(1);
            expect(pieces, "frame end", "frame 1", "b");
            server.request(Long.MAX_VALUE);
            expect(pieces, "frame end", "frame 1", "c", "frame end", "end");
        }
    }

    @Test
    void piecesThatCameBeforeTheEndAreKeptForWhoAsks() throws Exception {
        Pieces pieces = new Pieces(0);
        try (RunningServer running = RunningServer.of(pieces)) {
            AsyncWebSocket client = running.connect(new Recorder());
            client.send(new Message.Text("abc"), new SendOptions(true, 2));
            client.close();
            expect(pieces, "open", "begin TEXT", "frame 2");
            Futures.get(pieces.webSocket().awaitClosed());
            assertNull(pieces.events.poll(100, TimeUnit.MILLISECONDS));
            pieces.webSocket().request(Long.MAX_VALUE);
            expect(pieces, "ab", "frame end", "frame 1", "c", "frame end", "end");
        }
    }

    @Test
    void otherMessagesWaitForTheEndOfTheOneThatIsWritten() throws Exception {
        Recorder recorder = new Recorder();
        try (RunningServer running = RunningServer.of(recorder)) {
            AsyncWebSocket client = running.connect(new Recorder());
            AsyncMessageWriter writer = Futures.get(client.beginMessage(MessageType.TEXT));
            writer.write("a");
            client.send("later");
            Futures.get(writer.end());
            expect(recorder, "open", "text a", "text later");
        }
    }

    @Test
    void aCloseGoesBehindAMessageThatWasEndedBeforeIt() throws Exception {
        String part = "x".repeat(100_000);
        for (int round = 0; round < 10; round++) {
            Recorder recorder = new Recorder();
            Recorder ending = new Recorder();
            try (RunningServer running = RunningServer.of(recorder)) {
                AsyncWebSocket client = running.connect(ending);
                client.beginMessage(MessageType.TEXT).thenAccept(writer -> {
                    writer.write(part);
                    writer.write(part);
                    writer.end();
                    client.send("and one more");
                    client.close(3000, "bye");
                });
                expect(recorder, "open");
                assertTrue(recorder.next().equals("text " + part + part), "not the whole message");
                expect(recorder, "text and one more", "close 3000");
                assertTrue(ending.status().wasClean());
            }
        }
    }

    @Test
    void whatIsCalledAfterACloseComesTooLate() throws Exception {
        Recorder recorder = new Recorder();
        try (RunningServer running = RunningServer.of(recorder)) {
            AsyncWebSocket client = running.connect(new Recorder());
            AsyncMessageWriter writer = Futures.get(client.beginMessage(MessageType.TEXT));
            writer.write("a");
            writer.end();
            assertTrue(Futures.get(client.close()).wasClean());
            Futures.failure(ConnectionClosedException.class, client.send("late"));
            expect(recorder, "open", "text a", "close 1000");
        }
    }

    @Test
    void aCloseCutsOffAMessageThatNobodyHasEnded() throws Exception {
        Recorder recorder = new Recorder();
        try (RunningServer running = RunningServer.of(recorder)) {
            AsyncWebSocket client = running.connect(new Recorder());
            AsyncMessageWriter writer = Futures.get(client.beginMessage(MessageType.TEXT));
            Futures.get(writer.write("half"));
            var second = client.beginMessage(MessageType.TEXT);
            Futures.get(client.close(3000));
            assertTrue(second.isCompletedExceptionally());
            expect(recorder, "open", "close 3000");
        }
    }

    @Test
    void aCloseThatWaitsForAMessageEndsWithTheConnection() throws Exception {
        try (RunningServer running = RunningServer.of(new Recorder(0))) {
            AsyncWebSocket client = running.connect(new Recorder());
            AsyncMessageWriter writer = Futures.get(client.beginMessage(MessageType.BINARY));
            writer.write(new byte[64 << 20]);
            writer.end();
            var closing = client.close();
            client.drop();
            assertEquals(1006, Futures.get(closing).getCode());
        }
    }

    @Test
    void aWriterThatIsAbandonedClosesWith1011() throws Exception {
        Recorder recorder = new Recorder();
        try (RunningServer running = RunningServer.of(recorder)) {
            AsyncWebSocket client = running.connect(new Recorder());
            AsyncMessageWriter writer = Futures.get(client.beginMessage(MessageType.TEXT));
            Futures.get(writer.write("half"));
            writer.abandon();
            assertEquals(1011, recorder.status().getCode());
        }
    }

    @Test
    void aWriterOfAConnectionThatIsGoneSaysSo() throws Exception {
        Recorder recorder = new Recorder();
        try (RunningServer running = RunningServer.of(recorder)) {
            AsyncWebSocket client = running.connect(new Recorder());
            AsyncMessageWriter writer = Futures.get(client.beginMessage(MessageType.TEXT));
            recorder.webSocket().drop();
            Futures.get(client.awaitClosed());
            CompletionException failure =
                assertThrows(CompletionException.class, () -> writer.write("late").join());
            assertEquals(ConnectionClosedException.class, failure.getCause().getClass());
        }
    }
}
