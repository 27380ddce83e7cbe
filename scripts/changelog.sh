#!/usr/bin/env bash
# scripts/changelog.sh VERSION: writes the fragments in changelog/unreleased under
# a heading at the top of CHANGELOG.md and moves them to changelog/VERSION.
# changelog/README.md says what a fragment looks like.
set -euo pipefail

cd "$(dirname "$0")/.."
version=${1:?usage: changelog.sh VERSION}
kinds=(Security Change Bugfix Enhancement)
shopt -s nullglob
fragments=(changelog/unreleased/*.md)

if [[ ! $version =~ ^v?[0-9]+\.[0-9]+\.[0-9]+([-+][0-9A-Za-z.-]+)?$ ]]; then
  echo "changelog: $version is not a version such as 1.2.0" >&2
  exit 2
fi
if [[ -e changelog/$version ]]; then
  echo "changelog: $version was released before: changelog/$version exists" >&2
  exit 1
fi
if [[ ${#fragments[@]} -eq 0 ]]; then
  echo "changelog: changelog/unreleased has no fragments" >&2
  exit 1
fi
for fragment in "${fragments[@]}"; do
  if ! head -1 "$fragment" | grep -qE "^($(IFS='|'; echo "${kinds[*]}")): "; then
    echo "changelog: $fragment: the first line must be one of ${kinds[*]}, a colon and a title" >&2
    exit 1
  fi
done

new=$(mktemp)
trap 'rm -f "$new"' EXIT
{
  echo "# Changelog"
  echo
  echo "## $version ($(date -u +%Y-%m-%d))"
  for kind in "${kinds[@]}"; do
    for fragment in "${fragments[@]}"; do
      head -1 "$fragment" | grep -q "^$kind: " || continue
      echo
      echo "### $(head -1 "$fragment")"
      tail -n +2 "$fragment"
    done
  done
  if [[ -e CHANGELOG.md ]]; then
    tail -n +2 CHANGELOG.md
  fi
} >"$new"
cat "$new" >CHANGELOG.md
mkdir -p "changelog/$version"
git mv "${fragments[@]}" "changelog/$version/"
echo "changelog: wrote CHANGELOG.md; read it, then commit it with changelog/"
