#!/usr/bin/env bash
# Installs what the interoperability tests talk to, on Debian and its descendants: WebSocket libraries
# for the system's Python, codecs for one of them, Chromium, and proxies; or of these the packages
# named as arguments. With a folder in $MODULES also ws and wscat, from the npm registry. Does nothing
# when all of it is there. What cannot be installed is said, and so is every test skipped for it.
set -euo pipefail

readonly ws=8.23.0 wscat=6.1.0

is_there() {
    case $1 in
        python3-websockets) /usr/bin/python3 -c 'import websockets' 2>/dev/null ;;
        python3-websocket) /usr/bin/python3 -c 'import websocket' 2>/dev/null ;;
        python3-autobahn) /usr/bin/python3 -c 'import autobahn.asyncio' 2>/dev/null ;;
        python3-snappy) /usr/bin/python3 -c 'import snappy' 2>/dev/null ;;
        python3-brotli) /usr/bin/python3 -c 'import brotli' 2>/dev/null ;;
        libnss3-tools) command -v certutil >/dev/null ;;
        libnginx-mod-stream) [ -e /usr/lib/nginx/modules/ngx_stream_module.so ] ;;
        dante-server) PATH=$PATH:/usr/sbin command -v danted >/dev/null ;;
        chromium) command -v chromium >/dev/null || command -v google-chrome >/dev/null ;;
        *) PATH=$PATH:/usr/sbin command -v "$1" >/dev/null ;;
    esac
}

has_module() {
    grep -qs "\"version\": \"$2\"" "$MODULES/node_modules/$1/package.json"
}

install_modules() {
    if has_module ws "$ws" && has_module wscat "$wscat"; then
        return
    fi
    if ! command -v node >/dev/null || ! command -v npm >/dev/null; then
        echo "not installed: ws, wscat (need node and npm); their tests will say so" >&2
        return
    fi
    mkdir -p "$MODULES"
    npm install --prefix "$MODULES" --no-save --silent "ws@$ws" "wscat@$wscat" \
        >/dev/null 2>"$MODULES/npm.log" ||
        echo "not installed: ws, wscat, see $MODULES/npm.log; their tests will say so" >&2
}

install_packages() {
    local missing=() package
    for package in "$@"; do
        is_there "$package" || missing+=("$package")
    done
    if [ "${#missing[@]}" -eq 0 ]; then
        return
    fi
    if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
        echo "not installed: ${missing[*]} (needs root and apt-get); their tests will say so" >&2
        return
    fi
    export DEBIAN_FRONTEND=noninteractive
    apt-get -qq update
    apt-get -qq install --yes --no-install-recommends "${missing[@]}" </dev/null >/dev/null
}

[ "$#" -gt 0 ] || \
    set -- python3-websockets python3-websocket python3-autobahn python3-snappy python3-brotli \
        chromium libnss3-tools openssl nginx libnginx-mod-stream haproxy caddy squid tinyproxy \
        dante-server microsocks
install_packages "$@"
[ -z "${MODULES:-}" ] || install_modules
