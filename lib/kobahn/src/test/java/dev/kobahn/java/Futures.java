package dev.kobahn.java;

import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** Waits for futures, but not forever. */
final class Futures {
    private Futures() {
    }

    static <T> T get(CompletableFuture<T> future) {
        try {
            return future.get(Recorder.SECONDS, TimeUnit.SECONDS);
        } catch (InterruptedException | ExecutionException | TimeoutException failure) {
            throw new AssertionError(failure);
        }
    }

    /** The very exception a future failed with. */
    static <E extends Throwable> E failure(Class<E> type, CompletableFuture<?> future) {
        ExecutionException failure = assertThrows(
            ExecutionException.class,
            () -> future.get(Recorder.SECONDS, TimeUnit.SECONDS));
        return assertInstanceOf(type, failure.getCause());
    }

    static void cancelled(CompletableFuture<?> future) {
        assertThrows(
            CancellationException.class,
            () -> future.get(Recorder.SECONDS, TimeUnit.SECONDS));
    }
}
