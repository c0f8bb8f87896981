package dev.kobahn.benchmarks.jmh;

import dev.kobahn.protocol.MessageType;
import dev.kobahn.protocol.ByteQueue;
import dev.kobahn.protocol.ProtocolConfig;
import dev.kobahn.protocol.ProtocolEvents;
import dev.kobahn.protocol.Role;
import dev.kobahn.protocol.SegmentPool;
import dev.kobahn.protocol.endpoint.Protocol;
import dev.kobahn.protocol.frame.Frame;
import dev.kobahn.protocol.frame.FrameParser;
import java.nio.ByteBuffer;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/**
 * Frames read and written without I/O, at a server's end, and both together as an echo. Run with
 * -prof gc for the allocation per frame.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class FrameBenchmark {
    private static final int BINARY = 0x82;

    @Param({"16", "128", "1024", "4096", "65536", "1048576"})
    public int size;

    private byte[] payload;
    private byte[] frame;
    private ByteBuffer input;
    private ByteBuffer written;
    private Frame toBuild;
    private ByteQueue output;
    private Protocol reading;
    private Protocol writing;
    private Echo echo;
    private final FrameParser parser = new FrameParser();

    @Setup
    public void make() {
        payload = Bytes.random(size);
        frame = Bytes.frame(BINARY, payload);
        input = ByteBuffer.allocateDirect(frame.length);
        written = ByteBuffer.allocateDirect(size + 16);
        toBuild = new Frame(2, payload, null);
        output = new ByteQueue(new SegmentPool(4));
        reading = server(new ByteQueue(SegmentPool.NONE), new ProtocolEvents() {});
        writing = server(output, new ProtocolEvents() {});
        echo = new Echo(size);
    }

    static Protocol server(ByteQueue output, ProtocolEvents events) {
        return new Protocol(new ProtocolConfig(Role.SERVER), output, () -> 0, events);
    }

    private ByteBuffer arrived() {
        return input.clear().put(frame).flip();
    }

    /** What comes with every reading: the bytes are masked in place and have to be put there anew. */
    @Benchmark
    public ByteBuffer copyOnly() {
        return arrived();
    }

    /** The protocol reads the frame and hands its data out as a chunk. */
    @Benchmark
    public Protocol read() {
        reading.receive(arrived());
        return reading;
    }

    /** The parser makes a value of the frame. */
    @Benchmark
    public Frame parse() {
        return parser.parse(arrived());
    }

    /** The protocol writes a message, which is then taken out as for the socket. */
    @Benchmark
    public int write() {
        writing.sendMessage(MessageType.BINARY, payload);
        return drain(output);
    }

    /** A frame is made into bytes of its own. */
    @Benchmark
    public byte[] build() {
        return toBuild.build();
    }

    /** The frame is read, collected into a message and sent back. */
    @Benchmark
    public int echo() {
        echo.protocol.receive(arrived());
        int count = drain(echo.output);
        echo.protocol.outputWritten();
        return count;
    }

    private int drain(ByteQueue queue) {
        int all = 0;
        while (!queue.isEmpty()) {
            written.clear();
            int count = queue.copyTo(written);
            queue.remove(count);
            all += count;
        }
        return all;
    }

    /** Sends back each message in an array of its own, as a connection does. */
    private static final class Echo implements ProtocolEvents {
        final ByteQueue output = new ByteQueue(new SegmentPool(4));
        final Protocol protocol = server(output, this);
        private final int size;
        private byte[] message;
        private int end;

        Echo(int size) {
            this.size = size;
        }

        @Override
        public void onMessageBegin(MessageType type) {
            message = new byte[size];
            end = 0;
        }

        @Override
        public void onFrameData(ByteBuffer chunk) {
            int count = chunk.remaining();
            chunk.get(message, end, count);
            end += count;
        }

        @Override
        public void onMessageEnd() {
            protocol.sendMessage(MessageType.BINARY, message);
        }
    }
}
