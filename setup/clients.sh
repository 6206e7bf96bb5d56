#!/usr/bin/env bash
# clients.sh BIOMETRY OUT: starts that server on a folder of its own and builds the clients from its description: an npm package,
# a Python wheel and a Postman collection.
set -euo pipefail
biometry=$(realpath "$1")
mkdir -p "$2"
out=$(realpath "$2")
cd "$(dirname "$0")/.."

data=$(mktemp -d)
"$biometry" serve --listen 127.0.0.1:0 --data-dir "$data" >"$data/log" 2>&1 &
server=$!
trap 'kill $server 2>/dev/null; wait $server 2>/dev/null || true; rm -rf "$data"' EXIT
for _ in {1..300}; do
  address=$(sed -n 's|^biometry listening on |http://|p' "$data/log")
  [[ -n $address ]] && break
  kill -0 $server 2>/dev/null || { cat "$data/log" >&2; exit 1; }
  sleep 0.1
done
[[ -n $address ]] || { echo "error: the server did not start within 30 seconds" >&2; exit 1; }

node sdk/ts/build.mjs "$address" "$out"
sdk/python/.venv/bin/python sdk/python/build.py "$address" "$out"
node sdk/postman/build.mjs "$address" "$out"
ls -1 "$out"
