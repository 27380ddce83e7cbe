#!/usr/bin/env bash
# "make prove": the tests with their full counts, the race detector three times
# in random order, and every fuzz target for FUZZTIME. PARTS="counts fuzz" runs
# less, and the report says so. What they saw is written to bench/proof.md, also
# when something failed; the script then fails too.
set -euo pipefail

cd "$(dirname "$0")/.."
report=bench/proof.md
parts=" ${PARTS:-counts races fuzz} "
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
started=$SECONDS
failed=0
steps=()

# step NAME COMMAND... runs a part of the proof and keeps its outcome.
step() {
  local name=$1 outcome=passed since=$SECONDS
  shift
  if [[ $parts != *" $name "* ]]; then
    : >"$work/$name.log"
    steps+=("| $name | \`$*\` | not run | |")
    return
  fi
  echo "prove: $name: $*"
  if ! "$@" 2>&1 | tee "$work/$name.log"; then
    outcome=FAILED
    failed=1
  fi
  steps+=("| $name | \`$*\` | $outcome | $(((SECONDS - since + 59) / 60)) min |")
}

machine() {
  local cpu
  cpu=$(sed -n 's/^model name[[:space:]]*: //p' /proc/cpuinfo | head -1)
  echo "| date | $(date -u +%Y-%m-%dT%H:%MZ) |"
  echo "| commit | $(git describe --always --dirty --exclude '*') |"
  echo "| Go | $(go version | cut -d' ' -f3-) |"
  echo "| processor | ${cpu:-unknown}, $(getconf _NPROCESSORS_ONLN) in use |"
  echo "| kernel | $(uname -sr) |"
  echo "| temporary files on | $(stat -f -c %T "${TMPDIR:-/tmp}") |"
  echo "| took | $(((SECONDS - started + 59) / 60)) min |"
}

# CI=true: what cannot run here is not proven, and says so by failing.
export CI=true
mkdir -p "$work/seen"
step counts env JARVIS_PROVE=1 JARVIS_PROVE_REPORT="$work/seen/report" \
  go test -tags prove -count=1 -timeout 4h ./...
# RACE comes from the Makefile.
# shellcheck disable=SC2086 # it is several words
step races go test $RACE -count=3 -timeout 1h ./...
step fuzz scripts/fuzz.sh

{
  echo "# What \"make prove\" saw"
  echo
  echo "Written by scripts/prove.sh; not edited by hand."
  echo
  echo "| | |"
  echo "|---|---|"
  machine
  echo
  echo "| part | command | outcome | took |"
  echo "|---|---|---|---|"
  printf '%s\n' "${steps[@]}" | sed "s|$work/seen/||"
  if [[ $failed -ne 0 ]]; then
    echo
    echo "## Failures"
    echo
    echo '```'
    grep -hE '^[[:space:]]*(--- FAIL|FAIL|panic:|WARNING: DATA RACE|Fuzz[A-Za-z0-9_]*: FAILED)' "$work"/*.log | sort | uniq -c || true
    echo '```'
  fi
  echo
  echo "## Counts"
  echo
  if [[ -s $work/seen/report ]]; then
    LC_ALL=C sort "$work/seen/report" | sed 's/^/- /'
  else
    echo "None were recorded."
  fi
  echo
  echo "## Fuzzing"
  echo
  { grep -E '^Fuzz[A-Za-z0-9_]*: ' "$work/fuzz.log" || echo "None ran."; } | sed 's/^/- /'
} >"$work/proof.md"
mkdir -p bench
mv "$work/proof.md" "$report"

echo "prove: wrote $report"
exit "$failed"
