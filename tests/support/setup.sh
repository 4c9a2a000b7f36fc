# SPDX-License-Identifier: GPL-3.0-or-later
# Sourced by ./check, from the top of the checkout.

say() {
  printf '%s\n' "== $*"
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
