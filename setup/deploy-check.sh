#!/usr/bin/env bash
# Lints the Dockerfile (hadolint, from its PyPI wheel) and parses both compose profiles. Needs no container engine.
set -euo pipefail
cd "$(dirname "$0")/.."

.venv/bin/hadolint Dockerfile
for profile in embedded split; do
  docker-compose --profile "$profile" config --quiet
done
echo "deployment files: well-formed"
