package dev.kobahn.java;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kobahn.protocol.CloseCode;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What a program as a whole does, those in the documentation as they stand there. */
@Timeout(120)
class ProgramsTest {
    @TempDir
    Path directory;

    private final AsyncWebSocketClient client = new AsyncWebSocketClient.Builder().build();

    private AsyncWebSocket connect(int port, WebSocketListener listener) {
        return Futures.get(client.connect("ws://localhost:" + port + "/", listener));
    }

    @Test
    void aStartedServerKeepsItsProgramAliveUntilItHasStopped() throws Exception {
        try (Program program = Program.run(StoppingServer.class)) {
            Recorder recorder = new Recorder();
            AsyncWebSocket webSocket =
                connect(program.port(), recorder);
            webSocket.send("wait for the end of main");
            assertEquals("open", recorder.next());
            assertEquals("text main has ended", recorder.next());
            webSocket.send("stop");
            assertEquals(CloseCode.GOING_AWAY, recorder.status().getCode());
            assertEquals("", program.awaitEnd(0));
        }
    }

    @Test
    void aServerThatCannotStartKeepsNothingAlive() throws Exception {
        try (ServerSocket taken = new ServerSocket(0)) {
            String source = example("AsyncWebSocketServer", "9000", "" + taken.getLocalPort());
            try (Program program = Program.run("EchoServer", source, directory)) {
                String output = program.awaitEnd(1);
                assertTrue(output.contains("java.net.BindException"), output);
            }
        }
    }

    @Test
    void theDocumentedServerServes() throws Exception {
        String source = example("AsyncWebSocketServer", "9000", "0")
            .replace(".join();", ".join();\nSystem.out.println(server.port());");
        try (Program program = Program.run("EchoServer", source, directory)) {
            Recorder recorder = new Recorder();
            AsyncWebSocket webSocket =
                connect(program.port(), recorder);
            webSocket.send("hello");
            assertEquals("open", recorder.next());
            assertEquals("text hello", recorder.next());
            assertTrue(program.isAlive());
        }
    }

    @Test
    void theDocumentedClientPrintsTheAnswerAndEnds() throws Exception {
        try (RunningServer running = RunningServer.of(new Recorder.Echo())) {
            String source = example("AsyncWebSocketClient", "9000", "" + running.server.port());
            try (Program program = Program.run("Hello", source, directory)) {
                assertEquals("hello", program.awaitEnd(0));
            }
        }
    }

    @Test
    void theDocumentedClientSaysWhyItCannotConnect() throws Exception {
        int nobody;
        try (ServerSocket closed = new ServerSocket(0)) {
            nobody = closed.getLocalPort();
        }
        String source = example("AsyncWebSocketClient", "9000", "" + nobody);
        try (Program program = Program.run("Hello", source, directory)) {
            String output = program.awaitEnd(1);
            assertTrue(output.contains("Connection refused"), output);
        }
    }

    /** The Java program in the KDoc of a type, with its imports. */
    private static String example(String type, String old, String replacement) throws Exception {
        Path file = Path.of("src/main/kotlin/dev/kobahn/java/" + type + ".kt");
        String example = Files.readAllLines(file).stream()
            .dropWhile(line -> !line.equals(" * ```java"))
            .skip(1)
            .takeWhile(line -> !line.equals(" * ```"))
            .map(line -> line.replaceFirst("^ \\* ?", ""))
            .collect(Collectors.joining("\n"));
        assertTrue(example.contains(old), example);
        return "import dev.kobahn.*;\nimport dev.kobahn.java.*;\n"
            + example.replace(old, replacement) + "\n";
    }
}
