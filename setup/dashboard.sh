#!/usr/bin/env bash
# Builds the dashboard into dashboard/dist, which the gateway embeds. What is up to date is left alone.
set -euo pipefail
cd "$(dirname "$0")/../dashboard"

# Of everything that goes into the build, by content, so that a fresh checkout of the same files builds nothing.
digest() { find "$@" -type f -print0 | sort -z | xargs -0 sha256sum | sha256sum | cut -d' ' -f1; }

lock=$(digest package-lock.json .npmrc)
if [[ $(cat node_modules/.biometry.sha256 2>/dev/null) != "$lock" ]]; then
  echo "dashboard: installing the packages of package-lock.json"
  npm ci --silent --no-audit --no-fund
  echo "$lock" >node_modules/.biometry.sha256
fi

sources=$(digest package.json package-lock.json index.html tsconfig.json vite.config.ts postcss.config.mjs src public)
if [[ ! -f dist/index.html || $(cat node_modules/.biometry-dist.sha256 2>/dev/null) != "$sources" ]]; then
  echo "dashboard: building"
  log=$(mktemp)
  trap 'rm -f "$log"' EXIT
  npm run --silent build >"$log" 2>&1 || { cat "$log" >&2; exit 1; }
  echo "$sources" >node_modules/.biometry-dist.sha256
fi
echo "dashboard: dist is up to date"
