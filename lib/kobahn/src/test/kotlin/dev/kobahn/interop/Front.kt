package dev.kobahn.interop

import io.kotest.assertions.nondeterministic.eventually
import io.kotest.matchers.ints.shouldBeGreaterThan
import java.nio.file.Files
import kotlin.time.Duration.Companion.seconds

/**
 * A proxy in front of a server at [backend]. It ends the TLS of clients at [port], and speaks to the
 * server as [upstream] says. [generation] is in the field `X-Generation` that it adds.
 */
internal data class Front(
    val kind: Kind,
    val backend: Int,
    val upstream: Upstream = Upstream.X_FORWARDED_FOR,
    val protocol: String = "TLSv1.3",
    val generation: Int = 1,
    val limitsReload: Boolean = false,
    val port: Int = ProcessWithConfig.freePort(),
    val admin: Int = ProcessWithConfig.freePort(),
) {
    /** The ways in which a proxy tells the server of the client. */
    enum class Upstream(val title: String) {
        X_FORWARDED_FOR("X-Forwarded-For"),
        FORWARDED("Forwarded"),
        PROXY_V1("PROXY protocol v1"),
        PROXY_V2("PROXY protocol v2"),

        /** With TLS to the server, too, whose certificate it verifies. */
        TLS("TLS to our server as well"),

        /** The same, with a certificate of the proxy and a header of the PROXY protocol. */
        PROXY_V2_TLS("PROXY protocol v2, then TLS with a client certificate to our server"),
    }

    /** The programs. */
    enum class Kind(val peer: Peer, val upstreams: Set<Upstream>) {
        NGINX(
            Peer.NGINX,
            setOf(
                Upstream.X_FORWARDED_FOR,
                Upstream.FORWARDED,
                Upstream.PROXY_V1,
                Upstream.TLS,
            ),
        ),
        HAPROXY(Peer.HAPROXY, Upstream.entries.toSet()),
        CADDY(
            Peer.CADDY,
            setOf(Upstream.X_FORWARDED_FOR, Upstream.FORWARDED, Upstream.TLS),
        ),
    }

    /** The configuration. */
    val config: String
        get() = when (kind) {
            Kind.NGINX -> if (upstream == Upstream.PROXY_V1) nginxStream() else nginx()
            Kind.HAPROXY -> haproxy()
            Kind.CADDY -> caddy()
        }

    /** Starts it. */
    fun start(): ProcessWithConfig = when (kind) {
        Kind.NGINX -> ProcessWithConfig.nginx(config)
        Kind.HAPROXY -> ProcessWithConfig.haproxy(config, "-W")
        Kind.CADDY -> ProcessWithConfig.start("caddy", config, *CADDY_ARGUMENTS, "--config")
    }

    /** Makes [running] read the configuration of this, as its manual says. */
    suspend fun reload(running: ProcessWithConfig) {
        running.configure(config)
        when (kind) {
            Kind.NGINX -> running.signal("HUP")
            Kind.HAPROXY -> reloadHaproxy(running)
            Kind.CADDY -> reloadCaddy()
        }
    }

    /** HAProxy loses signals until its start is over, which nothing tells: then it is told again. */
    private suspend fun reloadHaproxy(running: ProcessWithConfig) {
        fun workers() = running.output.lines().count { "New worker" in it }
        val before = workers()
        eventually(20.seconds) {
            running.signal("USR2")
            eventually(1.seconds) { workers() shouldBeGreaterThan before }
        }
    }

    private fun reloadCaddy() {
        val file = Files.createTempFile(workFolder().toPath(), "caddy", ".conf").toFile()
        file.writeText(config)
        val arguments = arrayOf<Any>("--adapter", "caddyfile", "--config", file)
        Program.start("caddy", "reload", "--address", "127.0.0.1:$admin", *arguments).use {
            check(it.awaitEnd() == 0) { it.errorOutput }
        }
        file.delete()
    }

    private fun nginx() = nginxConfig(
        """
            server {
                listen 127.0.0.1:$port ssl;
                ssl_certificate ${PemFiles.server.certificate};
                ssl_certificate_key ${PemFiles.server.key};
                ssl_protocols $protocol;
                location / {
                    proxy_pass ${if (upstream == Upstream.TLS) "https" else "http"}://127.0.0.1:$backend;
                    proxy_ssl_trusted_certificate ${PemFiles.authority};
                    proxy_ssl_verify on;
                    proxy_ssl_name localhost;
                    proxy_ssl_server_name on;
                    proxy_http_version 1.1;
                    proxy_set_header Host ${'$'}http_host;
                    proxy_set_header Upgrade ${'$'}http_upgrade;
                    proxy_set_header Connection upgrade;
                    proxy_set_header X-Forwarded-For ${'$'}proxy_add_x_forwarded_for;
                    proxy_set_header Forwarded for=${'$'}remote_addr;
                    proxy_set_header X-Generation $generation;
                }
            }
        """.replace("ssl_protocols TLSv1.3", "ssl_protocols TLSv1.2 TLSv1.3"),
        main = if (limitsReload) "worker_shutdown_timeout 1s;" else "",
    )

    private fun nginxStream() = """
        load_module /usr/lib/nginx/modules/ngx_stream_module.so;
        daemon off;
        pid nginx.pid;
        error_log stderr;
        events { }
        stream {
            server {
                listen 127.0.0.1:$port ssl;
                ssl_certificate ${PemFiles.server.certificate};
                ssl_certificate_key ${PemFiles.server.key};
                proxy_pass 127.0.0.1:$backend;
                proxy_protocol on;
            }
        }
    """.trimIndent()

    private fun haproxy(): String {
        val isHttp = upstream in listOf(Upstream.X_FORWARDED_FOR, Upstream.FORWARDED, Upstream.TLS)
        val bind = "ssl crt ${PemFiles.server.both} alpn http/1.1 " +
            "ssl-min-ver TLSv1.2 ssl-max-ver $protocol"
        val verified = "ssl verify required ca-file ${PemFiles.authority} " +
            "verifyhost localhost sni str(localhost)"
        val server = when (upstream) {
            Upstream.X_FORWARDED_FOR, Upstream.FORWARDED -> ""
            Upstream.PROXY_V1 -> "send-proxy"
            Upstream.PROXY_V2 -> "send-proxy-v2"
            Upstream.TLS -> verified
            Upstream.PROXY_V2_TLS -> "send-proxy-v2 $verified crt ${PemFiles.client.both}"
        }
        val fields = if (isHttp) {
            """
            option forwardfor
            http-request set-header Forwarded for=%[src]
            http-request set-header X-Generation $generation
            """
        } else {
            ""
        }
        return """
        global
            stats socket ipv4@127.0.0.1:$admin level admin expose-fd listeners
            ${if (limitsReload) "hard-stop-after 1s" else ""}
        defaults
            mode ${if (isHttp) "http" else "tcp"}
            timeout connect 5s
            timeout client 60s
            timeout server 60s
            timeout tunnel 60s
        listen front
            bind 127.0.0.1:$port $bind
            $fields
            server s 127.0.0.1:$backend $server
        """.trimIndent() + "\n"
    }

    private fun caddy(): String {
        val transport = if (upstream != Upstream.TLS) {
            ""
        } else {
            """
            transport http {
                tls_trusted_ca_certs ${PemFiles.authority}
                tls_server_name localhost
                versions 1.1
            }
            """
        }
        return """
        {
            admin 127.0.0.1:$admin
            auto_https off
            skip_install_trust
            servers {
                protocols h1 h2
            }
        }
        https://localhost:$port {
            bind 127.0.0.1
            tls ${PemFiles.server.certificate} ${PemFiles.server.key} {
                protocols ${if (protocol == "TLSv1.2") "tls1.2 tls1.2" else "tls1.2 tls1.3"}
            }
            reverse_proxy 127.0.0.1:$backend {
                header_up Forwarded "for={remote_host}"
                header_up X-Generation $generation
                $transport
            }
        }
        """.trimIndent() + "\n"
    }

    private companion object {
        val CADDY_ARGUMENTS = arrayOf("run", "--adapter", "caddyfile")
    }
}
