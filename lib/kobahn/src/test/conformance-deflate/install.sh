#!/usr/bin/env bash
# Installs the peers of the profile conformance-deflate that are not there: ws into the directory $1,
# from the npm registry, and autobahn-python for the system's Python, on Debian and its descendants.
# What cannot be installed is said, and so is every test that is skipped for it.
set -euo pipefail

modules=$1
ws=8.23.0

if ! command -v node >/dev/null || ! command -v npm >/dev/null; then
    echo "not installed: ws (needs node and npm); its tests will say so" >&2
elif ! grep -qs "\"version\": \"$ws\"" "$modules/node_modules/ws/package.json"; then
    mkdir -p "$modules"
    npm install --prefix "$modules" --no-save --silent "ws@$ws" >/dev/null 2>"$modules/npm.log" ||
        echo "not installed: ws, see $modules/npm.log; its tests will say so" >&2
fi
"$(dirname "$0")/../interop/install.sh" python3-autobahn
