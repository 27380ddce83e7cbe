#!/usr/bin/env bash
# Runs every fuzz target of the module, FUZZTIME (60s) each, one after another:
# go test fuzzes one target at a time. Prints one line per target. What breaks a
# target is kept under its package's testdata/fuzz, to be committed with the fix.
set -euo pipefail

fuzztime=${FUZZTIME:-60s}
log=$(mktemp)
trap 'rm -f "$log"' EXIT

# "go test -list" prints the names of a package, then "ok <package> <time>".
targets=$(go test -list '^Fuzz' ./... | awk '
  /^Fuzz/ { name[n++] = $1 }
  /^ok/   { for (i = 0; i < n; i++) print $2, name[i]; n = 0 }')
if [[ -z $targets ]]; then
  echo "no fuzz targets found" >&2
  exit 1
fi

# fuzz PACKAGE TARGET runs one target. Minimizing an input that is only
# interesting is bounded, or it takes the time of a target that is slow.
fuzz() {
  go test -run '^$' -fuzz "^$2\$" -fuzztime "$fuzztime" -fuzzminimizetime 20x "$1" >"$log" 2>&1 </dev/null
}

# ended_late: go test now and then fails at the end of its time although no input
# did. A finding names the input that it wrote.
ended_late() {
  grep -q 'context deadline exceeded' "$log" &&
    ! grep -qE 'Failing input written|panic:|DATA RACE|failure while testing seed corpus|fuzzing process' "$log"
}

failed=0
while read -r package target; do
  if fuzz "$package" "$target" || { ended_late && fuzz "$package" "$target"; }; then
    # The last line of progress: fuzz: elapsed: 1m0s, execs: 1234 (20/sec), ...
    echo "$target: passed, $(grep -o 'execs: [0-9]*' "$log" | tail -1 || echo 'execs: unknown') in $fuzztime"
  else
    failed=1
    echo "$target: FAILED"
    cat "$log" >&2
  fi
done <<<"$targets"
exit "$failed"
