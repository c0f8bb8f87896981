package dev.kobahn.benchmarks.jmh;

import java.nio.charset.StandardCharsets;
import java.util.Random;

/** What the benchmarks work on; the same each time. */
final class Bytes {
    private static final int KEY = 0x37FA213D;

    private Bytes() {}

    static byte[] random(int size) {
        byte[] bytes = new byte[size];
        new Random(6455).nextBytes(bytes);
        return bytes;
    }

    /** Valid UTF-8 of exactly size bytes, filled up with dots. */
    static byte[] text(String words, int size) {
        byte[] word = words.getBytes(StandardCharsets.UTF_8);
        byte[] bytes = new byte[size];
        java.util.Arrays.fill(bytes, (byte) '.');
        for (int start = 0; start + word.length <= size; start += word.length) {
            System.arraycopy(word, 0, bytes, start, word.length);
        }
        return bytes;
    }

    /** A masked frame with the first byte given. */
    static byte[] frame(int first, byte[] payload) {
        java.nio.ByteBuffer frame = java.nio.ByteBuffer.allocate(payload.length + 14);
        frame.put((byte) first);
        if (payload.length < 126) {
            frame.put((byte) (0x80 | payload.length));
        } else if (payload.length < 65536) {
            frame.put((byte) (0x80 | 126)).putShort((short) payload.length);
        } else {
            frame.put((byte) (0x80 | 127)).putLong(payload.length);
        }
        frame.putInt(KEY);
        for (int index = 0; index < payload.length; index++) {
            frame.put((byte) (payload[index] ^ KEY >>> 8 * (3 - index % 4)));
        }
        return java.util.Arrays.copyOf(frame.array(), frame.position());
    }
}
