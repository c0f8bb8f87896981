package dev.kobahn.java;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import javax.tools.JavaCompiler;
import javax.tools.StandardJavaFileManager;
import javax.tools.ToolProvider;

/** A Java program in a process of its own. */
final class Program implements AutoCloseable {
    private final Process process;
    final BufferedReader output;

    private Program(String mainClass, String classPath) throws IOException {
        process = new ProcessBuilder(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-cp", classPath, mainClass).redirectErrorStream(true).start();
        output = new BufferedReader(new InputStreamReader(process.getInputStream()));
    }

    static Program run(Class<?> program) throws IOException {
        return new Program(program.getName(), System.getProperty("java.class.path"));
    }

    /** Compiles the [source] of a class of this name, into [directory], and runs it. */
    static Program run(String name, String source, Path directory) throws IOException {
        Path file = directory.resolve(name + ".java");
        Files.writeString(file, source);
        String classPath = System.getProperty("java.class.path");
        JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
        StringWriter complaints = new StringWriter();
        try (StandardJavaFileManager files = compiler.getStandardFileManager(null, null, null)) {
            boolean isCompiled = compiler.getTask(
                complaints, files, null,
                List.of("-cp", classPath, "-d", directory.toString()), null,
                files.getJavaFileObjects(file)).call();
            assertTrue(isCompiled, complaints + source);
        }
        return new Program(name, directory + File.pathSeparator + classPath);
    }

    /** The first line that is a number; a server has log lines before it. */
    int port() throws IOException {
        String line = output.readLine();
        while (!line.matches("\\d+")) line = output.readLine();
        return Integer.parseInt(line);
    }

    boolean isAlive() {
        return process.isAlive();
    }

    /** Waits for the program to end by itself. Returns what it had left to say. */
    String awaitEnd(int exitCode) throws Exception {
        String rest = String.join("\n", output.lines().toArray(String[]::new));
        assertTrue(process.waitFor(Recorder.SECONDS, TimeUnit.SECONDS), "it does not end");
        assertEquals(exitCode, process.exitValue(), rest);
        return rest;
    }

    @Override
    public void close() {
        process.destroyForcibly();
    }
}
