#!/usr/bin/env bash
# web_build.sh FOLDER RESULT SOURCE...: builds a web package into its dist, which the gateway embeds. RESULT and SOURCE are
# paths in FOLDER. What is up to date is left alone.
set -euo pipefail
cd "$(dirname "$0")/../$1"
name=$1 result=$2
shift 2

# Of everything that goes into the build, by content, so that a fresh checkout of the same files builds nothing.
digest() { find "$@" -type f -print0 | sort -z | xargs -0 sha256sum | sha256sum | cut -d' ' -f1; }

lock=$(digest package-lock.json .npmrc)
if [[ $(cat node_modules/.biometry.sha256 2>/dev/null) != "$lock" ]]; then
  echo "$name: installing the packages of package-lock.json"
  npm ci --silent --no-audit --no-fund
  echo "$lock" >node_modules/.biometry.sha256
fi

sources=$(digest package.json package-lock.json "$@")
if [[ ! -f $result || $(cat node_modules/.biometry-dist.sha256 2>/dev/null) != "$sources" ]]; then
  echo "$name: building"
  log=$(mktemp)
  trap 'rm -f "$log"' EXIT
  npm run --silent build >"$log" 2>&1 || { cat "$log" >&2; exit 1; }
  echo "$sources" >node_modules/.biometry-dist.sha256
fi
echo "$name: dist is up to date"
