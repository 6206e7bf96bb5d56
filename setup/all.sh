#!/usr/bin/env bash
# Everything a fresh machine needs before `cargo build`: system packages, .venv, models/, sdk/web/dist, dashboard/dist,
# fixtures/.
# Each step looks first and does nothing when it is up to date.
set -euo pipefail
cd "$(dirname "$0")/.."

setup/system.sh

# environment FOLDER REQUIREMENTS: a Python environment of pinned wheels, made anew when its list changes.
environment() {
  local folder=$1 requirements=$2 sum
  sum=$(sha256sum "$requirements" | cut -d' ' -f1)
  if [[ ! -x $folder/bin/python || $(cat "$folder/requirements.sha256" 2>/dev/null) != "$sum" ]]; then
    echo "python: making $folder"
    python3 -m venv "$folder"
    "$folder/bin/pip" install -q --disable-pip-version-check --require-hashes --only-binary=:all: -r "$requirements"
    echo "$sum" >"$folder/requirements.sha256"
  fi
  echo "python: $folder is up to date"
}

environment .venv setup/requirements.txt
.venv/bin/python setup/models.py
# An image needs no demonstration media and no tests, and builds the dashboard beside.
if [[ ${1:-} != --no-fixtures ]]; then
  setup/web_sdk.sh
  setup/dashboard.sh
  .venv/bin/python setup/fixtures.py
  environment tests/contract/.venv tests/contract/requirements.txt
  environment sdk/python/.venv sdk/python/requirements.txt
  setup/test_packages.sh
fi
