#!/usr/bin/env bash
# Installs the npm packages of the tests that are not part of a build, where their lists changed.
set -euo pipefail
cd "$(dirname "$0")/.."

for folder in tests/sdk sdk/ts sdk/postman; do
  sum=$(sha256sum "$folder/package-lock.json" | cut -d' ' -f1)
  if [[ $(cat "$folder/node_modules/.biometry.sha256" 2>/dev/null) != "$sum" ]]; then
    echo "$folder: installing the packages of package-lock.json"
    npm ci --prefix "$folder" --silent --no-audit --no-fund
    echo "$sum" >"$folder/node_modules/.biometry.sha256"
  fi
done
