package dev.kobahn.protocol;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kobahn.protocol.frame.Frame;
import dev.kobahn.protocol.frame.FrameParser;
import dev.kobahn.protocol.frame.Opcode;
import dev.kobahn.protocol.stream.BinaryMessage;
import dev.kobahn.protocol.stream.CloseControlMessage;
import dev.kobahn.protocol.stream.DataMessage;
import dev.kobahn.protocol.stream.PingControlMessage;
import dev.kobahn.protocol.stream.PongControlMessage;
import dev.kobahn.protocol.stream.Stream;
import dev.kobahn.protocol.stream.TextMessage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class SansIoFromJavaTest {
    private static final int KEY = 0x37FA213D;
    private static final byte[] MASKED_HELLO = {
        (byte) 0x81, (byte) 0x85, 0x37, (byte) 0xFA, 0x21, 0x3D, 0x7F, (byte) 0x9F, 0x4D, 0x51, 0x58
    };

    @Test
    void framesAreBuiltAndParsed() throws ProtocolException {
        byte[] hello = "Hello".getBytes(StandardCharsets.UTF_8);
        Frame frame = new Frame(Opcode.TEXT, hello, KEY);
        assertArrayEquals(MASKED_HELLO, frame.build());
        FrameParser parser = new FrameParser();
        ByteBuffer input = ByteBuffer.wrap(MASKED_HELLO);
        assertEquals(frame, parser.parse(input));
        assertNull(parser.parse(input));
        assertEquals(2, parser.getBytesWanted());
        assertTrue(new Frame(Opcode.PING, hello, null).getFin());
        assertFalse(new Frame(Opcode.TEXT, hello, KEY, false, false, false, false).getFin());
        assertNull(new Frame(Opcode.PING, hello, null).getMaskingKey());
    }

    @Test
    void aBrokenFrameIsACheckedException() {
        ByteBuffer reserved = ByteBuffer.wrap(new byte[] {(byte) 0x83, 0});
        WebSocketException thrown = assertThrows(
            WebSocketException.class, () -> new FrameParser().parse(reserved));
        assertEquals(Violation.RESERVED_OPCODE, ((ProtocolException) thrown).getViolation());
        assertTrue(IOException.class.isInstance(thrown));
    }

    @Test
    void aServersStreamReadsWhatAClientsMakes() {
        Stream client = new Stream(false, () -> KEY);
        Stream server = new Stream();
        server.receive(MASKED_HELLO);
        assertTrue(server.getHasMessage());
        DataMessage message = server.takeMessage();
        assertEquals("Hello", message.getText());
        assertTrue(message.isText() && message.getCompleted());

        server.receive(client.single(new BinaryMessage(new byte[] {1, 2})));
        assertArrayEquals(new byte[] {1, 2}, server.takeMessage().getData());
        server.receive(client.ping("a"));
        server.receive(client.pong(""));
        assertEquals("a", server.takePings().get(0).getText());
        assertEquals(1, server.getPongs().size());
        client.receive(server.single(new CloseControlMessage(1001, "bye")));
        assertEquals(1001, client.getClosing().getCode());
        assertEquals("bye", client.getClosing().getReason());
        assertFalse(server.getAlwaysMask());
        assertTrue(client.getAlwaysMask());
    }

    @Test
    void messagesGrowAndAreCutIntoFragments() {
        TextMessage text = new TextMessage("He");
        text.extend("llo");
        assertArrayEquals(MASKED_HELLO, text.single(KEY));
        assertArrayEquals(MASKED_HELLO, text.fragment(true, true, KEY));
        assertArrayEquals(new byte[] {0, 0}, new BinaryMessage(new byte[0]).fragment(false, false, null));
        assertArrayEquals(new byte[] {(byte) 0x88, 0}, new CloseControlMessage(null, "").single());
        assertEquals(1000, new CloseControlMessage().getCode());
        assertEquals(0, new PingControlMessage("").getLength());
        assertEquals(StandardCharsets.UTF_8, new PongControlMessage("a").getEncoding());
    }

    @Test
    void utf8IsDecodedByteByByte() {
        Utf8Validator validator = new Utf8Validator();
        assertEquals(2, validator.decode(0xC3));
        assertEquals(Utf8Validator.ACCEPT, validator.decode(0xA4));
        assertEquals(Utf8Validator.REJECT, validator.decode(0xFF));
    }
}
