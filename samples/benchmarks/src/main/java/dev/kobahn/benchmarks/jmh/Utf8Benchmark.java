package dev.kobahn.benchmarks.jmh;

import dev.kobahn.protocol.Utf8Validator;
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

/** Whether a text is UTF-8: letters only, mostly letters, and hardly any. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class Utf8Benchmark {
    @Param({"16", "128", "1024", "4096", "65536", "1048576"})
    public int size;

    @Param({"ascii", "german", "mixed"})
    public String text;

    private final Utf8Validator validator = new Utf8Validator();
    private ByteBuffer direct;

    @Setup
    public void fill() {
        String words;
        switch (text) {
            case "ascii": words = "the quick brown fox "; break;
            case "german": words = "zwölf Boxkämpfer jagen Viktor quer über den großen Deich "; break;
            default: words = "Ωραία прекрасный 美好的一天 🚀 ";
        }
        direct = ByteBuffer.allocateDirect(size).put(Bytes.text(words, size));
    }

    @Benchmark
    public int validate() {
        validator.reset();
        return validator.feed(direct, 0, size);
    }
}
