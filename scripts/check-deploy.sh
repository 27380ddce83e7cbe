#!/usr/bin/env bash
# Checks what deploy/ has for service and container managers, without running any
# of them: the units with systemd-analyze, where that is installed, and all of it
# with the linter in deploy/deploy_test.go.
set -euo pipefail

cd "$(dirname "$0")/.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# exposure is the most that "systemd-analyze security" may say, in tenths: from 0,
# nothing is open, to 100.
exposure=20

# check_unit SCOPE UNIT: the program need not be installed to check how it is run.
check_unit() {
  local scope=$1 unit=$2 said
  sed 's|^ExecStart=[^ ]*|ExecStart=/bin/true|' "$unit" >"$work/$scope/jarvis.service"
  said=$(XDG_RUNTIME_DIR=$work systemd-analyze verify "--$scope" --man=no "$work/$scope/jarvis.service" 2>&1) || true
  # What the unit is not to blame for: other units of this machine.
  said=$(grep -F jarvis.service <<<"$said" || true)
  if [[ -n $said ]]; then
    echo "$unit: $said" >&2
    return 1
  fi
}

if command -v systemd-analyze >/dev/null; then
  mkdir "$work/user" "$work/system"
  check_unit user deploy/systemd/user/jarvis.service
  check_unit system deploy/systemd/system/jarvis.service
  if systemd-analyze security --help 2>/dev/null | grep -q -e --offline; then
    systemd-analyze security --offline=true --threshold=$exposure --no-pager "$work/system/jarvis.service" >"$work/security" ||
      { cat "$work/security" >&2; exit 1; }
  fi
else
  echo "check-deploy: no systemd-analyze here: the linter alone looks at the units" >&2
fi
go test ./deploy
