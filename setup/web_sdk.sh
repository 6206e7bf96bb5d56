#!/usr/bin/env bash
# Builds the capture component into sdk/web/dist.
exec "$(dirname "$0")/web_build.sh" sdk/web dist/biometry-scanner.js tsconfig.json vite.config.ts src
