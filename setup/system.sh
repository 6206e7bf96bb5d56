#!/usr/bin/env bash
# Installs the Debian packages that building and running need, and only those that are missing.
set -euo pipefail

packages=(
  build-essential pkg-config libclang-dev make
  libavcodec-dev libavformat-dev libavutil-dev libswscale-dev libswresample-dev
  ffmpeg postgresql redis-server prometheus haproxy faketime python3-venv docker-compose systemd wrk chromium
  php-cli php-curl golang-go
  fonts-ocr-b fonts-liberation fonts-dejavu-core
)

# Where kubectl comes from another source, Debian's package would be in its way.
command -v kubectl >/dev/null || packages+=(kubernetes-client)

missing=()
for package in "${packages[@]}"; do
  status=$(dpkg-query --show --showformat='${db:Status-Status}' "$package" 2>/dev/null || true)
  [[ $status == installed ]] || missing+=("$package")
done

if ((${#missing[@]} > 0)); then
  echo "system packages: installing ${missing[*]}"
  as_root=()
  if ((EUID != 0)); then
    command -v sudo >/dev/null || { echo "error: run as root, or install sudo: apt-get install ${missing[*]}" >&2; exit 1; }
    as_root=(sudo)
  fi
  log=$(mktemp)
  trap 'rm -f "$log"' EXIT
  # RUNLEVEL=1: the tests start their own postgres and redis, so apt need not start system-wide ones.
  install=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get install -y -q --no-install-recommends)
  "${as_root[@]}" apt-get update -q >"$log" 2>&1 || { tail -n 20 "$log" >&2; exit 1; }
  "${install[@]}" "${missing[@]}" >"$log" 2>&1 || { tail -n 20 "$log" >&2; exit 1; }
fi

for tool in cargo python3 npm; do
  command -v "$tool" >/dev/null || { echo "error: $tool is needed: install Rust (rustup), Python 3 with pip and Node 20" >&2; exit 1; }
done
python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "error: Python 3.11 or newer is needed" >&2; exit 1; }
echo "system packages: ${#packages[@]} present"
