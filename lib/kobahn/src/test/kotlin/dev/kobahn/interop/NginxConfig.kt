package dev.kobahn.interop

/**
 * A configuration of nginx with [http] in its block of that name, and [main] outside. nginx stays
 * in the foreground, and writes only into its working directory.
 */
internal fun nginxConfig(http: String, main: String = ""): String = """
$main
daemon off;
pid nginx.pid;
error_log stderr;
events { }
http {
    access_log off;
    client_body_temp_path body;
    proxy_temp_path proxy;
    fastcgi_temp_path fastcgi;
    uwsgi_temp_path uwsgi;
    scgi_temp_path scgi;
${http.trimIndent().prependIndent("    ")}
}
""".trimStart()
