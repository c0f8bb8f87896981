package dev.kobahn.java;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kobahn.tls.PemException;
import dev.kobahn.tls.ReloadableTlsIdentity;
import dev.kobahn.tls.TlsClientOptions;
import dev.kobahn.tls.TlsDetails;
import dev.kobahn.tls.TlsException;
import dev.kobahn.tls.TlsIdentity;
import dev.kobahn.tls.TlsServerOptions;
import io.netty.pkitesting.CertificateBuilder;
import io.netty.pkitesting.X509Bundle;
import java.io.File;
import java.util.List;
import java.util.concurrent.CompletionException;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

/** TLS as Java configures it. */
class TlsInJavaTest {
    private static final X509Bundle AUTHORITY = made(new CertificateBuilder()
        .subject("CN=Java CA").setIsCertificateAuthority(true), null);
    private static final X509Bundle SERVER = made(new CertificateBuilder()
        .subject("CN=localhost").addSanDnsName("localhost").addExtendedKeyUsageServerAuth(), AUTHORITY);

    private static X509Bundle made(CertificateBuilder builder, X509Bundle issuer) {
        try {
            return issuer == null ? builder.buildSelfSigned() : builder.buildIssuedBy(issuer);
        } catch (Exception failure) {
            throw new IllegalStateException(failure);
        }
    }

    private static RunningServer serverOf(Consumer<TlsServerOptions> tls, Recorder listener) {
        return new RunningServer(it -> it.tls(tls).onConnect(handshake -> handshake.accept(listener)));
    }

    private static AsyncClientWebSocket connect(
        RunningServer server, Recorder listener, Consumer<TlsClientOptions> tls) {
        AsyncWebSocketClient client = new AsyncWebSocketClient.Builder().tls(tls).build();
        return Futures.get(client.connect(server.url("/").replace("ws:", "wss:"), listener));
    }

    @Test
    void filesInPemConfigureBothEnds() throws Exception {
        File chain = SERVER.toTempCertChainPem();
        File key = SERVER.toTempPrivateKeyPem();
        File authority = AUTHORITY.toTempRootCertPem();
        Recorder atServer = new Recorder();
        try (RunningServer server = serverOf(tls -> tls.certificate(chain, key), atServer)) {
            Recorder atClient = new Recorder();
            AsyncClientWebSocket webSocket = connect(server, atClient, tls -> tls.trust(authority));
            webSocket.send("hello");
            assertEquals("open", atServer.next());
            assertEquals("text hello", atServer.next());
            TlsDetails details = webSocket.transportDetails().getTls();
            assertEquals("TLSv1.3", details.getProtocol());
            assertEquals(List.of(SERVER.getCertificatePath()), details.getPeerCertificates());
            assertArrayEquals(details.channelId(), atServer.webSocket().transportDetails().getTls().channelId());
            webSocket.close();
            assertTrue(atClient.status().wasClean());
        }
    }

    @Test
    void aCertificateIsRenewedWhileTheServerRuns() {
        TlsIdentity[] current = {identity(SERVER)};
        ReloadableTlsIdentity identity = new ReloadableTlsIdentity(() -> current[0]);
        try (RunningServer server = serverOf(tls -> tls.identity(identity), new Recorder())) {
            for (int round = 0; round < 2; round++) {
                Recorder listener = new Recorder();
                AsyncClientWebSocket webSocket =
                    connect(server, listener, tls -> tls.trust(trust()));
                assertEquals(current[0].getCertificates().get(0),
                    webSocket.transportDetails().getTls().getPeerCertificate());
                webSocket.close();
                current[0] = identity(made(new CertificateBuilder().subject("CN=localhost")
                    .addSanDnsName("localhost").addExtendedKeyUsageServerAuth(), AUTHORITY));
                identity.reload();
            }
        }
    }

    @Test
    void aRefusalHasItsReason() {
        try (RunningServer server = serverOf(tls -> tls.identity(identity(SERVER)), new Recorder())) {
            Throwable failure = assertThrows(CompletionException.class, () ->
                new AsyncWebSocketClient.Builder().build()
                    .connect(server.url("/").replace("ws:", "wss:"), new Recorder()).join()).getCause();
            assertEquals(TlsException.Reason.UNKNOWN_AUTHORITY,
                assertInstanceOf(TlsException.class, failure).getReason());
        }
    }

    @Test
    void aFileThatCannotBeReadFailsAtItsLine() {
        File none = new File("/none.pem");
        AsyncWebSocketServer.Builder builder = new AsyncWebSocketServer.Builder();
        assertThrows(PemException.class, () -> builder.tls(tls -> tls.certificate(none, none)));
    }

    private static java.security.KeyStore trust() {
        try {
            java.security.KeyStore store =
                java.security.KeyStore.getInstance(java.security.KeyStore.getDefaultType());
            store.load(null, null);
            store.setCertificateEntry("ca", AUTHORITY.getCertificate());
            return store;
        } catch (Exception failure) {
            throw new IllegalStateException(failure);
        }
    }

    private static TlsIdentity identity(X509Bundle bundle) {
        return TlsIdentity.of(bundle.getKeyPair().getPrivate(), bundle.getCertificatePathList());
    }
}
