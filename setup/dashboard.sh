#!/usr/bin/env bash
# Builds the dashboard into dashboard/dist.
exec "$(dirname "$0")/web_build.sh" dashboard dist/index.html index.html tsconfig.json vite.config.ts postcss.config.mjs src public
