#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# embargod-templates(7) and the variable table say the same, name by name and word by word, in the same order; the page names
# every letter that ships, and none that does not.
set -eu
page=${1:-$top_srcdir/src/template/embargod-templates.7}
dir=$(mktemp -d "${TMPDIR:-/tmp}/templates.XXXXXX")
trap 'rm -rf "$dir"' EXIT
failed=0

"$top_builddir/print_template_vars" >"$dir/table"
sed -n '/^\.It Va /{s/^\.It Va //p;n;s/^\\&//;p;}' "$page" >"$dir/page"
test -s "$dir/table" || { echo "the table is empty" >&2; exit 1; }
if ! diff -u "$dir/table" "$dir/page" >"$dir/diff"; then
  echo "table (-) and man page (+) differ:" >&2
  cat "$dir/diff" >&2
  failed=1
fi

sed -n 's/^\.It Pa //p' "$page" | LC_ALL=C sort >"$dir/named"
(cd "$top_srcdir/templates/en" && find . -name '*.txt' ! -path './partials/*') | sed 's|^\./||; s|\.txt$||' |
  LC_ALL=C sort >"$dir/there"
if ! diff -u "$dir/there" "$dir/named" >"$dir/diff"; then
  echo "letters in templates/en (-) and in the man page (+) differ:" >&2
  cat "$dir/diff" >&2
  failed=1
fi

if command -v mandoc >/dev/null 2>&1; then
  mandoc -T lint -W warning "$page" >&2 || failed=1
else
  echo "mandoc is missing: the page was compared, not linted" >&2
fi
exit "$failed"
