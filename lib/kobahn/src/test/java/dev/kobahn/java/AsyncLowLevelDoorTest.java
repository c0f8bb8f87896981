package dev.kobahn.java;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.kobahn.protocol.CloseCode;
import dev.kobahn.protocol.FrameMask;
import dev.kobahn.protocol.RawFrame;
import dev.kobahn.protocol.frame.Opcode;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

/** Frames that are sent as they are, from Java. */
class AsyncLowLevelDoorTest {
    private static final byte[] TEXT = "text".getBytes(StandardCharsets.UTF_8);

    @Test
    void framesAreSentAsTheyAreInPiecesOfAnySize() throws Exception {
        try (RunningServer running = RunningServer.of(new Recorder.Echo())) {
            Recorder recorder = new Recorder();
            AsyncWebSocket webSocket = running.connect(recorder);
            assertEquals("open", recorder.next());
            webSocket.lowLevel().sendFrame(
                new RawFrame(Opcode.TEXT, TEXT, false, 0, FrameMask.USUAL, TEXT.length), 1, false);
            Futures.get(webSocket.lowLevel().sendFrame(
                new RawFrame(Opcode.CONTINUATION, TEXT, true, 0, new FrameMask(7), 6), 0, true));
            assertEquals(0, webSocket.bufferedAmount());
            assertEquals("text texttextte", recorder.next());
            webSocket.lowLevel().sendData(new byte[] {(byte) 0x81, (byte) 0x80, 0, 0, 0, 0});
            assertEquals("text ", recorder.next());
            Futures.get(webSocket.lowLevel().sendData(new byte[] {(byte) 0x81, (byte) 0x80}, 1, true));
            webSocket.lowLevel().sendData(new byte[] {0, 0, 0, 0}, 1, false);
            assertEquals("text ", recorder.next());
            webSocket.lowLevel().sendFrame(new RawFrame(3, new byte[0]));
            assertEquals(CloseCode.PROTOCOL_ERROR, recorder.status().getCode());
        }
    }

    @Test
    void whatDoesNotFitIsAnError() {
        assertThrows(IllegalArgumentException.class, () -> new RawFrame(16, TEXT));
        try (RunningServer running = RunningServer.of(new Recorder.Echo())) {
            Futures.failure(
                IllegalArgumentException.class,
                running.connect(new Recorder()).lowLevel().sendData(TEXT, -1, false));
        }
    }
}
