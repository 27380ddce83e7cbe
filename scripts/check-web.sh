#!/usr/bin/env bash
# Checks the pages' scripts: their types, and those of their parts that need no
# browser. What it needs (node and npm) is for developers: the program is built and
# runs without. Where it is missing this says how to get it, and fails under CI=true.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

scripts/setup-tests.sh web
if ! command -v node >/dev/null || ! command -v npm >/dev/null; then
  echo "check-web: the pages' scripts were not checked: node (20.19 or newer) and npm are not here" >&2
  [[ "${CI:-}" != true ]]
  exit
fi

# The checker is pinned by its lock file, and put beside it once.
if [[ ! -e tools/web/node_modules/.package-lock.json || tools/web/package-lock.json -nt tools/web/node_modules/.package-lock.json ]]; then
  npm --prefix tools/web ci --silent --no-audit --no-fund
  touch tools/web/node_modules/.package-lock.json
fi
(cd tools/web && node node_modules/typescript/bin/tsc --project tsconfig.json)
shopt -s nullglob
node --test --test-reporter=dot tools/web/test/*.test.js internal/web/jstest/*.test.mjs
echo "check-web: the pages' scripts are in order"
