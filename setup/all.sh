#!/usr/bin/env bash
# Everything a fresh machine needs before `cargo build`: system packages, .venv, models/, fixtures/.
# Each step looks first and does nothing when it is up to date.
set -euo pipefail
cd "$(dirname "$0")/.."

setup/system.sh

requirements_sum=$(sha256sum setup/requirements.txt | cut -d' ' -f1)
if [[ ! -x .venv/bin/python || $(cat .venv/requirements.sha256 2>/dev/null) != "$requirements_sum" ]]; then
  echo "python: making .venv"
  python3 -m venv .venv
  .venv/bin/pip install -q --disable-pip-version-check --require-hashes --only-binary=:all: -r setup/requirements.txt
  echo "$requirements_sum" >.venv/requirements.sha256
fi
echo "python: .venv is up to date"

.venv/bin/python setup/models.py
# An image needs no demonstration media.
[[ ${1:-} == --no-fixtures ]] || .venv/bin/python setup/fixtures.py
