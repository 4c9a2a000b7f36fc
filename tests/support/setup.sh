# SPDX-License-Identifier: GPL-3.0-or-later
# Sourced by ./demo and ./check, from the top of the checkout. PACKAGES is the one list of packages.

say() {
  printf '%s\n' "== $*"
}

# packages_need ROLE...: installs what is missing; an ordinary user is told what to install.
packages_need() {
  missing=
  for role in "$@"; do
    for package in $(awk -v r="$role" '$1 == r { print $2 }' PACKAGES); do
      dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing="$missing $package"
    done
  done
  [ -z "$missing" ] && return 0
  if [ "$(id -u)" != 0 ]; then
    say "These Debian packages are missing; ask root for:"
    printf '%s\n' "apt-get install --no-install-recommends$missing"
    return 1
  fi
  say "Installing$missing"
  # No server starts by itself while it is installed.
  policy=/usr/sbin/policy-rc.d
  made=
  if [ ! -e "$policy" ]; then
    printf '#!/bin/sh\nexit 101\n' >"$policy" && chmod 755 "$policy" && made=yes
  fi
  (
    export DEBIAN_FRONTEND=noninteractive
    # shellcheck disable=SC2086
    apt-get install -y -q --no-install-recommends $missing || {
      apt-get update -q && apt-get install -y -q --no-install-recommends $missing
    }
  ) >install.log 2>&1
  ok=$?
  [ -n "$made" ] && rm -f "$policy"
  if [ "$ok" != 0 ]; then
    tail -n 20 install.log
    say "Installing failed: see install.log"
    return 1
  fi
  rm -f install.log
}

# build_in FOLDER CC CONFIGURE-ARGUMENT...: configures once, builds all.
build_in() {
  folder=$1
  compiler=$2
  shift 2
  mkdir -p "$folder" || return 1
  if [ ! -x configure ] || [ configure.ac -nt configure ]; then
    autoreconf -fi >"$folder.autoreconf.log" 2>&1 || {
      tail -n 30 "$folder.autoreconf.log"
      return 1
    }
    rm -f "$folder.autoreconf.log"
  fi
  if [ ! -f "$folder/Makefile" ] || [ configure -nt "$folder/config.status" ]; then
    (cd "$folder" && ../configure CC="$compiler" "$@") >"$folder/configure.log" 2>&1 || {
      tail -n 30 "$folder/configure.log"
      return 1
    }
  fi
  make -C "$folder" -j "$(nproc)" >"$folder/make.log" 2>&1 || {
    grep -E 'error|warning' "$folder/make.log" | head -n 30
    tail -n 5 "$folder/make.log"
    return 1
  }
}
