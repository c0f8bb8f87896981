package dev.kobahn.benchmarks.jmh;

import dev.kobahn.protocol.Masking;
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

/** One payload masked in place, in an array and in the direct buffer that the loop reads into. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class MaskingBenchmark {
    private static final int KEY = 0x37FA213D;

    @Param({"16", "128", "1024", "4096", "65536", "1048576"})
    public int size;

    private byte[] bytes;
    private ByteBuffer direct;

    @Setup
    public void fill() {
        bytes = Bytes.random(size);
        direct = ByteBuffer.allocateDirect(size);
    }

    @Benchmark
    public byte[] array() {
        Masking.mask(bytes, 0, size, KEY);
        return bytes;
    }

    /** From an odd place in the buffer and the payload, as most pieces of real frames are. */
    @Benchmark
    public ByteBuffer directBuffer() {
        Masking.mask(direct, 3, size, KEY, 1);
        return direct;
    }
}
