#!/usr/bin/env bash
# Lints the Dockerfile (hadolint, from its PyPI wheel), parses both compose profiles, verifies the systemd units, tests the
# alert rules and validates both Kubernetes overlays. Needs no container engine, no cluster and no running systemd.
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
promtool check config --lint=all setup/prometheus/prometheus.yml >/dev/null
promtool test rules setup/prometheus/alerts_test.yml >/dev/null
for overlay in small large; do
  kubectl kustomize "setup/kubernetes/$overlay" >"$units/$overlay.yaml" 2>"$units/warnings" || { cat "$units/warnings" >&2; exit 1; }
  .venv/bin/kubernetes-validate --strict --quiet "$units/$overlay.yaml"
done
echo "deployment files: well-formed"
