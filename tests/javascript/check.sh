#!/bin/sh
# Types and unit tests of the browser's scripts. The app itself needs no node; a machine without it skips this and says so.
set -eu
cd "${0%/*}"
if ! command -v node >/dev/null; then
    echo "node is not installed: the JavaScript is not checked"
    exit 0
fi
if [ node_modules/.package-lock.json -nt package-lock.json ] || npm ci --no-audit --no-fund --loglevel=error; then
    touch node_modules/.package-lock.json
    node_modules/.bin/tsc --project tsconfig.card.json
    node_modules/.bin/tsc --project tsconfig.settling.json
    node_modules/.bin/tsc --project tsconfig.console.json
    node_modules/.bin/tsc --project tsconfig.grid.json
else
    echo "npm cannot install the pinned typescript: the JavaScript's types are not checked"
fi
node --test --test-reporter=dot --no-warnings .
