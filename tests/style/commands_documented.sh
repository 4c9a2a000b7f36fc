#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# embargod-commands(7) and the command table say the same: each command is an item with its exact usage, once; no item and no
# other "#word" of the page is a command that does not exist.
set -eu
page=${1:-$top_srcdir/src/command/embargod-commands.7}
dir=$(mktemp -d "${TMPDIR:-/tmp}/commands.XXXXXX")
trap 'rm -rf "$dir"' EXIT
failed=0

"$top_builddir/print_commands" | LC_ALL=C sort >"$dir/table"
sed -n 's/^\.It Ic "\(#.*\)"$/\1/p' "$page" | LC_ALL=C sort >"$dir/page"
test -s "$dir/table" || { echo "the table is empty" >&2; exit 1; }
if ! diff -u "$dir/table" "$dir/page" >"$dir/diff"; then
  echo "table (-) and man page (+) differ:" >&2
  cat "$dir/diff" >&2
  failed=1
fi

# The examples that #help gives stand in the page, in the order of the table, between the two marks.
"$top_builddir/print_commands" examples >"$dir/examples"
sed -n '/^\.\\" examples of the table$/,/^\.\\" end of the examples$/p' "$page" | grep -v '^\.' | sed 's/\\-/-/g' >"$dir/shown"
if ! diff -u "$dir/examples" "$dir/shown" >"$dir/diff"; then
  echo "examples of the table (-) and of the man page (+) differ:" >&2
  cat "$dir/diff" >&2
  failed=1
fi

# Names in running text and in examples; "##word" and what the page itself calls no command are left out.
sed -n 's/^#\([a-z-]*\).*/\1/p' "$dir/table" >"$dir/names"
# Those of reporters and participants are no rows of the table.
printf '%s\n' include word status withdraw affected not-affected investigating fixed >>"$dir/names"
sed 's/\\-/-/g' "$page" | grep -o '#[a-z][a-z-]*' | sed 's/^#//' | LC_ALL=C sort -u >"$dir/used"
unknown=$(grep -vxFf "$dir/names" "$dir/used" || :)
if [ -n "$unknown" ]; then
  echo "the man page names commands that do not exist: $unknown" >&2
  failed=1
fi

if command -v mandoc >/dev/null 2>&1; then
  if ! mandoc -T lint -W warning "$page" >&2; then
    failed=1
  fi
else
  echo "mandoc is missing: the page was compared, not linted" >&2
fi
exit "$failed"
