#!/usr/bin/env bash
# Makes this machine able to run the tests: what is missing is installed with
# apt-get where that needs no questions, else named. Changes nothing where
# nothing is missing.
#
#   scripts/setup-tests.sh         for "make test": PostgreSQL's server programs, age, tesseract and Chromium
#   scripts/setup-tests.sh web     for "make web-check": node and npm
#   scripts/setup-tests.sh race    for the race detector: a C compiler
#
# Ends with 0 also when something stays missing: the tests that need it say so
# and are skipped. Under CI=true they fail instead, so nothing goes unnoticed.
set -euo pipefail

conf=/etc/postgresql-common/createcluster.conf

# has_postgres: the tests start their own servers from these two programs, in a
# temporary folder; no running PostgreSQL is needed, and none is touched.
has_postgres() {
  [[ -n "${JARVIS_TEST_POSTGRES_URL:-}" ]] && return
  command -v initdb >/dev/null && command -v postgres >/dev/null && return
  compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null
}

# has_age: the tests compare sealed images with what the ordinary tool makes of them.
has_age() { command -v age >/dev/null; }

# has_tesseract: the tests read text in pictures that they draw, in English, and
# want a second language to choose.
has_tesseract() {
  local languages
  command -v tesseract >/dev/null || return 1
  languages=$(tesseract --list-langs 2>&1)
  grep -qx eng <<<"$languages" && grep -qx deu <<<"$languages"
}

# has_chromium: the tests use the pages as people do, in a browser.
has_chromium() {
  local name
  [[ -n "${JARVIS_TEST_CHROMIUM:-}" ]] && return
  for name in chromium chromium-browser google-chrome-stable google-chrome; do
    command -v "$name" >/dev/null && return
  done
  return 1
}

# has_node: the pages' scripts are checked by what runs on it.
has_node() { command -v node >/dev/null && command -v npm >/dev/null; }

# has_compiler: the race detector is linked with cgo.
has_compiler() {
  command -v "$(go env CC)" >/dev/null &&
    printf '#include <stdlib.h>\nint main(void){return 0;}\n' | "$(go env CC)" -x c -o /dev/null - 2>/dev/null
}

# as_root runs a command as root, and fails where that would need a password.
as_root() {
  if [[ $EUID -eq 0 ]]; then
    "$@"
  else
    sudo -n -- "$@"
  fi
}

can_install() {
  command -v apt-get >/dev/null || return 1
  [[ $EUID -eq 0 ]] || sudo -n true 2>/dev/null
}

# keep_clusters_away makes sure that installing PostgreSQL neither creates nor
# starts a database of this machine's own. Debian asks one file, before the
# packages are there; one that exists is somebody's decision and stays.
keep_clusters_away() {
  if [[ -e $conf ]]; then
    grep -Eq "^[[:space:]]*create_main_cluster[[:space:]]*=[[:space:]]*'?(false|off|no|0)" "$conf"
    return
  fi
  as_root mkdir -p "${conf%/*}"
  as_root tee "$conf" >/dev/null <<'CONF'
# Written by Jarvis' scripts/setup-tests.sh before it installed PostgreSQL's
# server programs for the tests: no database of this machine's own was wanted.
# To have one: pg_createcluster VERSION main --start
create_main_cluster = false
CONF
}

install() {
  # Package lists may be missing or old; an error here is told by what follows.
  as_root apt-get -qq update || true
  as_root env DEBIAN_FRONTEND=noninteractive UCF_FORCE_CONFFOLD=1 \
    apt-get -qq -y --no-install-recommends install "$@"
}

# want CHECK WHAT-FOR PACKAGES... installs the packages unless CHECK passes.
want() {
  local check=$1 purpose=$2
  shift 2
  "$check" && return
  echo "setup: $purpose needs the packages $*" >&2
  if can_install && { [[ $check != has_postgres ]] || keep_clusters_away; } && install "$@" && "$check"; then
    echo "setup: installed $*" >&2
    return
  fi
  echo "setup: they could not be installed from here; as root: apt-get install --no-install-recommends $*" >&2
  if [[ $check == has_postgres ]]; then
    echo "setup: (put 'create_main_cluster = false' into $conf first if you want no database of this machine's own)" >&2
  fi
}

case ${1:-test} in
  test)
    want has_postgres "testing with PostgreSQL" postgresql
    want has_age "testing sealed images" age
    want has_tesseract "reading text in pictures" tesseract-ocr tesseract-ocr-eng tesseract-ocr-deu
    want has_chromium "using the pages in a browser" chromium
    ;;
  web) want has_node "checking the pages' scripts" nodejs npm ;;
  race) want has_compiler "the race detector" gcc libc6-dev ;;
  *)
    echo "usage: setup-tests.sh [test|web|race]" >&2
    exit 2
    ;;
esac
