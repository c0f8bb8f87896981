#!/usr/bin/env bash
# Installs what the interoperability tests talk to, on Debian and its descendants: two WebSocket
# libraries for the system's Python, codecs for one of them, Chromium, nginx, HAProxy, and
# proxies; or of these the packages named as arguments. Does nothing when all of it is there.
set -euo pipefail

is_there() {
    case $1 in
        python3-websockets) /usr/bin/python3 -c 'import websockets' 2>/dev/null ;;
        python3-autobahn) /usr/bin/python3 -c 'import autobahn.asyncio' 2>/dev/null ;;
        python3-snappy) /usr/bin/python3 -c 'import snappy' 2>/dev/null ;;
        python3-brotli) /usr/bin/python3 -c 'import brotli' 2>/dev/null ;;
        dante-server) PATH=$PATH:/usr/sbin command -v danted >/dev/null ;;
        nginx | haproxy | squid | tinyproxy | microsocks)
            PATH=$PATH:/usr/sbin command -v "$1" >/dev/null
            ;;
        chromium) command -v chromium >/dev/null || command -v google-chrome >/dev/null ;;
    esac
}

[ "$#" -gt 0 ] || \
    set -- python3-websockets python3-autobahn python3-snappy python3-brotli chromium \
        nginx haproxy squid tinyproxy dante-server microsocks
missing=()
for package in "$@"; do
    is_there "$package" || missing+=("$package")
done

if [ "${#missing[@]}" -eq 0 ]; then
    exit 0
fi
if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
    echo "not installed: ${missing[*]} (needs root and apt-get); their tests will say so" >&2
    exit 0
fi
export DEBIAN_FRONTEND=noninteractive
apt-get -qq update
apt-get -qq install --yes --no-install-recommends "${missing[@]}" </dev/null >/dev/null
