package dev.kobahn.java;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kobahn.Message;
import dev.kobahn.PreparedMessage;
import dev.kobahn.SlowConsumer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import dev.kobahn.SendOptions;

/** Groups and prepared messages from Java. */
class AsyncWebSocketGroupTest {
    /** Joins a group when it opens. */
    private static final class Guest extends Recorder {
        private final AsyncWebSocketGroup group;

        Guest(AsyncWebSocketGroup group) {
            this.group = group;
        }

        @Override
        public void onOpen(AsyncWebSocket webSocket) throws Exception {
            assertTrue(group.add(webSocket));
            super.onOpen(webSocket);
        }
    }

    @Test
    void aPreparedMessageIsSentToMany() throws Exception {
        PreparedMessage prepared = new PreparedMessage("to all");
        PreparedMessage binary = new PreparedMessage(new Message.Binary(new byte[3]), new SendOptions(false));
        try (RunningServer running = RunningServer.of(new Recorder.Echo())) {
            for (int i = 0; i < 2; i++) {
                Recorder recorder = new Recorder();
                AsyncWebSocket webSocket = running.connect(recorder);
                assertEquals("open", recorder.next());
                Futures.get(webSocket.send(prepared));
                assertEquals("text to all", recorder.next());
                assertTrue(webSocket.trySend(binary));
                assertEquals("binary 3", recorder.next());
                assertTrue(webSocket.trySend(new Message.Text("maybe")));
                assertEquals("text maybe", recorder.next());
                Futures.get(webSocket.flush());
                assertEquals(0, webSocket.bufferedAmount());
            }
        }
    }

    @Test
    void aGroupIsBroadcastToAndClosed() throws Exception {
        AsyncWebSocketGroup group = new AsyncWebSocketGroup(new SlowConsumer.DropOldest(1000));
        assertInstanceOf(SlowConsumer.DropOldest.class, group.slowConsumer());
        try (RunningServer running = RunningServer.of(new Guest(group))) {
            List<Recorder> clients = new ArrayList<>();
            for (int i = 0; i < 3; i++) {
                Recorder recorder = new Recorder();
                clients.add(recorder);
                running.connect(recorder);
                assertEquals("open", recorder.next());
            }
            while (group.size() < 3) Thread.yield();
            assertEquals(3, Futures.get(group.broadcast("one")));
            assertEquals(3, Futures.get(group.broadcast(new byte[2])));
            assertEquals(3, Futures.get(group.broadcast(new Message.Text("three"))));
            assertEquals(3, Futures.get(group.broadcast(new PreparedMessage("four"))));
            for (Recorder client : clients) {
                for (String expected : List.of("text one", "binary 2", "text three", "text four")) {
                    assertEquals(expected, client.next());
                }
            }
            AsyncWebSocket first = group.members().get(0);
            assertTrue(group.contains(first));
            assertTrue(group.remove(first));
            assertFalse(group.contains(first));
            assertEquals(0, group.droppedMessages());
            Futures.get(group.closeAll(1012, "later", 10, TimeUnit.SECONDS));
            assertEquals(0, group.size());
            assertEquals(1012, first.closeStatus() == null ? 1012 : -1);
            group.add(first);
            Futures.get(group.closeAll(1012, "later", Duration.ofSeconds(10)));
            for (Recorder client : clients) assertEquals(1012, client.status().getCode());
            Futures.get(group.closeAll());
        }
    }

    @Test
    void policiesAreCheckedWhereTheyAreMade() {
        assertThrows(IllegalArgumentException.class, () -> new SlowConsumer.DropOldest(-1));
        assertThrows(IllegalArgumentException.class, () -> new SlowConsumer.Disconnect(1005, "", 1));
        assertEquals(1008, new SlowConsumer.Disconnect().getCode());
        assertEquals(
            SlowConsumer.Suspend.INSTANCE,
            new AsyncWebSocketGroup(SlowConsumer.Suspend.INSTANCE).slowConsumer());
    }
}
