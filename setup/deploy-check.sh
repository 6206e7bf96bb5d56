#!/usr/bin/env bash
# Lints the Dockerfile (hadolint, from its PyPI wheel), parses both compose profiles and verifies the systemd units. Needs
# no container engine and no running systemd.
set -euo pipefail
cd "$(dirname "$0")/.."

.venv/bin/hadolint Dockerfile
for profile in embedded split; do
  docker-compose --profile "$profile" config --quiet
done
units=$(mktemp -d)
trap 'rm -rf "$units"' EXIT
for unit in setup/systemd/*.service; do
  # A template is verified as one of its instances, with a program that exists everywhere.
  instance=$units/$(basename "${unit/@./@svc-ml.}")
  sed 's#^ExecStart=.*#ExecStart=/bin/true#' "$unit" >"$instance"
  systemd-analyze verify --man=no "$instance"
done
echo "deployment files: well-formed"
