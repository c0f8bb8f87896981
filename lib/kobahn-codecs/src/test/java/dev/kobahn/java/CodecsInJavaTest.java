package dev.kobahn.java;

import static dev.kobahn.autobahn.CompressionOptions.perMessageCompression;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.kobahn.codec.KobahnCodecs;
import dev.kobahn.codec.PerMessageBrotliOffer;
import dev.kobahn.codec.PerMessageBrotliOfferAccept;
import dev.kobahn.codec.PerMessageBrotliResponse;
import dev.kobahn.codec.PerMessageBrotliResponseAccept;
import dev.kobahn.codec.PerMessageBzip2Offer;
import dev.kobahn.codec.PerMessageBzip2OfferAccept;
import dev.kobahn.codec.PerMessageBzip2Response;
import dev.kobahn.codec.PerMessageBzip2ResponseAccept;
import dev.kobahn.codec.PerMessageSnappyOffer;
import dev.kobahn.codec.PerMessageSnappyOfferAccept;
import dev.kobahn.codec.PerMessageSnappyResponse;
import dev.kobahn.codec.PerMessageSnappyResponseAccept;
import dev.kobahn.protocol.extension.PerMessageCompressOffer;
import dev.kobahn.protocol.extension.PerMessageCompressOfferAccept;
import dev.kobahn.protocol.extension.PerMessageCompressResponse;
import dev.kobahn.protocol.extension.PerMessageCompressResponseAccept;
import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** bzip2, Snappy and brotli as Java asks for them. */
class CodecsInJavaTest {
    private static PerMessageCompressOfferAccept accept(
        List<? extends PerMessageCompressOffer> offers) {
        PerMessageCompressOffer offer = offers.get(0);
        if (offer instanceof PerMessageBzip2Offer) {
            return new PerMessageBzip2OfferAccept((PerMessageBzip2Offer) offer)
                .withRequestMaxCompressLevel(5).withCompressLevel(2).withMaxMessageSize(1000);
        }
        if (offer instanceof PerMessageSnappyOffer) {
            return new PerMessageSnappyOfferAccept((PerMessageSnappyOffer) offer)
                .withRequestNoContextTakeover(true).withNoContextTakeover(true).withThreshold(2);
        }
        return new PerMessageBrotliOfferAccept((PerMessageBrotliOffer) offer)
            .withNoContextTakeover(true).withMaxInflateRatio(10);
    }

    private static PerMessageCompressResponseAccept take(PerMessageCompressResponse response) {
        if (response instanceof PerMessageBzip2Response) {
            return new PerMessageBzip2ResponseAccept((PerMessageBzip2Response) response)
                .withCompressLevel(1).withThreshold(3);
        }
        if (response instanceof PerMessageSnappyResponse) {
            return new PerMessageSnappyResponseAccept((PerMessageSnappyResponse) response)
                .withNoContextTakeover(true);
        }
        return new PerMessageBrotliResponseAccept((PerMessageBrotliResponse) response)
            .withMaxMessageSize(1000).withMaxInflateRatio(10);
    }

    private static String talk(PerMessageCompressOffer offer) throws InterruptedException {
        try (RunningServer running = new RunningServer(it -> it
            .configure(options -> perMessageCompression(options, CodecsInJavaTest::accept))
            .onConnect(handshake -> handshake.accept(new Recorder.Echo())))) {
            AsyncWebSocketClient client = new AsyncWebSocketClient.Builder()
                .configure(options ->
                    perMessageCompression(options, List.of(offer), CodecsInJavaTest::take))
                .build();
            Recorder recorder = new Recorder();
            AsyncWebSocket webSocket = Futures.get(client.connect(running.url("/"), recorder));
            assertEquals("open", recorder.next());
            for (int i = 0; i < 3; i++) {
                Futures.get(webSocket.send("hello, hello, hello"));
                assertEquals("text hello, hello, hello", recorder.next());
            }
            String used = webSocket.extensions().get(0).toString();
            Futures.get(client.close());
            return used;
        }
    }

    @Test
    void aClientAndAServerAgree() throws InterruptedException {
        assertEquals(
            "permessage-bzip2; server_max_compress_level=3; client_max_compress_level=5",
            talk(new PerMessageBzip2Offer().withRequestMaxCompressLevel(3)));
        assertEquals(
            "permessage-snappy; server_no_context_takeover; client_no_context_takeover",
            talk(new PerMessageSnappyOffer().withRequestNoContextTakeover(true)));
        assertEquals(
            "permessage-brotli; server_no_context_takeover",
            talk(new PerMessageBrotliOffer().withAcceptNoContextTakeover(false)));
    }

    @Test
    void theCompressionsThatAreThereAreListed() {
        assertEquals(
            "permessage-bzip2, permessage-snappy, permessage-brotli",
            KobahnCodecs.available().stream()
                .map(Object::toString).collect(Collectors.joining(", ")));
        assertEquals("permessage-brotli", KobahnCodecs.getBrotli().getExtensionName());
    }

    @Test
    void aValueOutOfRangeIsRefused() {
        assertThrows(IllegalArgumentException.class, () -> new PerMessageBzip2Offer(true, 10));
    }
}
