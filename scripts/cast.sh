#!/usr/bin/env bash
# scripts/cast.sh: prints the example session of the README, by running it on
# drawn pictures in a temporary folder. Ids differ from run to run, since they
# depend on the secret of the store. Reading takes tesseract.
set -euo pipefail

cd "$(dirname "$0")/.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
go build -o "$work/bin/jarvis" ./cmd/jarvis
go run ./scripts/screenshots "$work/Screenshots"
find "$work/Screenshots" \( -name '*20-5*' -o -name '*20-4[5-9]*' \) -delete
unset "${!JARVIS_@}" "${!XDG_@}" # the identity of who runs this stays out of it
export PATH="$work/bin:$PATH" HOME="$work" JARVIS_DATA_DIR="$work/store" JARVIS_DEVICE=you@desk TZ=Europe/Berlin
jarvis start --no-serve --json >"$work/log" 2>&1
cd "$work"

# say shows a command as it would be typed, and runs it.
say() {
  echo "\$ $*"
  bash -c "$*" 2>&1 || true # one of them shows a refusal
  echo
}

say "jarvis add Screenshots --app firefox"
id=$(jarvis list --limit 1 --json 2>>"$work/log" | sed 's/.*"id":"\([^"]*\)".*/\1/')
say "jarvis work --once"
say "jarvis search invoice march"
say "jarvis search '\"night train\"' flour"
say "jarvis list --from 2026-01-24 --limit 2"
say "jarvis get $id -o screen.png && cmp screen.png Screenshots/*44-00.png && echo the same"
say "jarvis rm $id --yes"
say "jarvis add Screenshots >/dev/null"
say "jarvis verify --deep"
