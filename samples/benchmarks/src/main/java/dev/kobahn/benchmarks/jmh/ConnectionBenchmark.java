package dev.kobahn.benchmarks.jmh;

import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * A whole echo of a server without sockets: a frame comes, its message wakes the handler's
 * coroutine on the event loop, which sends it back, and the frame of the answer is taken as for the
 * socket. Run with -prof gc for the allocation per echo, the message's own bytes included.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class ConnectionBenchmark {
    private static final int ECHOES = 1000;
    private static final int TEXT = 0x81;
    private static final int BINARY = 0x82;

    @Param({"16", "128", "1024", "4096", "65536", "1048576"})
    public int size;

    @Param({"binary", "ascii"})
    public String message;

    private MemoryConnection connection;

    @Setup
    public void open() throws Exception {
        byte[] frame = message.equals("binary")
            ? Bytes.frame(BINARY, Bytes.random(size))
            : Bytes.frame(TEXT, Bytes.text("the quick brown fox ", size));
        connection = new MemoryConnection(frame);
    }

    @TearDown
    public void close() {
        connection.close();
    }

    /** Many at a time, so that waking the loop's thread is not what is measured. */
    @Benchmark
    @OperationsPerInvocation(ECHOES)
    public MemoryConnection echo() throws Exception {
        connection.echo(ECHOES);
        return connection;
    }
}
