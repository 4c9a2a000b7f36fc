#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# embargod-parse by hand, in its sandbox: every letter of the corpus gives its golden table, or exit code 65 and the reason.
set -u
parse=$top_builddir/embargod-parse
seen=0 failed=0
for letter in "$top_srcdir"/tests/corpus/mime/*.eml "$top_srcdir"/tests/corpus/hostile/*.eml; do
  "$parse" <"$letter" >"$TMPDIR/out" 2>"$TMPDIR/err"
  code=$?
  want=0
  if grep -q '^refused: ' "${letter%.eml}.expect"; then
    want=65
    sed -n 's/^embargod-parse: //p' "$TMPDIR/err" >"$TMPDIR/out"
  fi
  if [ $code -ne $want ] || ! cmp -s "$TMPDIR/out" "${letter%.eml}.expect"; then
    echo "FAILED: $letter: exit code $code, expected $want" >&2
    diff "${letter%.eml}.expect" "$TMPDIR/out" >&2
    cat "$TMPDIR/err" >&2
    failed=$((failed + 1))
  fi
  seen=$((seen + 1))
done
"$parse" unexpected argument </dev/null 2>/dev/null
[ $? -eq 64 ] || { echo "FAILED: an argument is no usage error" >&2; failed=$((failed + 1)); }
echo "$seen letters by hand, $failed failed"
[ "$failed" -eq 0 ] && [ "$seen" -ge 35 ]
