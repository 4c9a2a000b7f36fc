#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# crypt-material.sh DIR GATEWAY.asc [keys]: people's throw-away keys and messages of every kind to the gateway's key, in DIR;
# with "keys" only the keys. All keys are ed25519/cv25519 without passphrase. Needs gpg, python3, openssl.
set -eu
dir=$1
gateway=$2
here=$(dirname "$0")
home=$dir/people
mkdir -m 700 "$home"
cat >"$home/gpg.conf" <<'END'
batch
no-tty
quiet
trust-model always
no-random-seed-file
no-auto-key-locate
disable-dirmngr
pinentry-mode loopback
ignore-time-conflict
ignore-valid-from
no-symkey-cache
END
printf 'disable-scdaemon\nallow-loopback-pinentry\n' >"$home/gpg-agent.conf"
trap 'gpgconf --homedir "$home" --kill all >/dev/null 2>&1 || :' EXIT

g() { gpg --homedir "$home" --yes "$@" 2>"$dir/gpg.log" || { echo "failed: gpg $*" >&2; cat "$dir/gpg.log" >&2; exit 1; }; }
past=1704067200 # 2024-01-01: people's keys are older than what they sign
fpr_of() { gpg --homedir "$home" --with-colons --list-keys "$1" 2>/dev/null | sed -n 's/^fpr:*\([0-9A-F]*\):$/\1/p' | head -n 1; }
new_key() { # NAME EXPIRY
  g --faked-system-time "$past" --passphrase '' --quick-gen-key "$1 <$1@example.org>" future-default default "$2"
  fpr_of "$1@example.org" >"$dir/$1.fpr"
}
export_key() { g --armor --export "$1@example.org" >"$dir/$1.asc"; }

g --import "$gateway"
gw=$(gpg --homedir "$home" --with-colons --list-keys 2>/dev/null | sed -n 's/^fpr:*\([0-9A-F]*\):$/\1/p' | head -n 1)
for name in alice mallory carol; do
  new_key "$name" never
  export_key "$name"
done
new_key bob 1y
export_key bob
# An encryption subkey is missing: can sign only.
g --faked-system-time "$past" --passphrase '' --quick-gen-key "dave <dave@example.org>" ed25519 default never
fpr_of dave@example.org >"$dir/dave.fpr"
export_key dave

revoke_carol() {
  sed -i 's/^:-----BEGIN/-----BEGIN/' "$home/openpgp-revocs.d/$(cat "$dir/carol.fpr").rev"
  cp "$dir/carol.asc" "$dir/carol-before.asc"
  g --import "$home/openpgp-revocs.d/$(cat "$dir/carol.fpr").rev"
  export_key carol
}
printf 'Content-Type: text/plain\r\n\r\nThe pump stops.\r\n' >"$dir/plain"
if [ "${3:-}" = keys ]; then
  revoke_carol
  exit 0
fi
to_gateway="--armor -r $gw"
# shellcheck disable=SC2086 # several options in one word
{
  g -u alice@example.org $to_gateway -se <"$dir/plain" >"$dir/good.pgp"
  g $to_gateway -e <"$dir/plain" >"$dir/unsigned.pgp"
  g -u mallory@example.org $to_gateway -se <"$dir/plain" >"$dir/unknown.pgp"
  g -u alice@example.org -u mallory@example.org $to_gateway -se <"$dir/plain" >"$dir/both.pgp"
  g --faked-system-time "$((past + 86400))" -u bob@example.org $to_gateway -se <"$dir/plain" >"$dir/expired-key.pgp"
  g -u carol@example.org $to_gateway -se <"$dir/plain" >"$dir/revoked.pgp"
  g --faked-system-time "$((past + 86400))" --default-sig-expire 2d -u alice@example.org $to_gateway -se \
    <"$dir/plain" >"$dir/expired.pgp"
  g --faked-system-time "$(($(date +%s) + 2592000))" -u alice@example.org $to_gateway -se <"$dir/plain" >"$dir/future.pgp"
  g --digest-algo SHA1 -u alice@example.org $to_gateway -se <"$dir/plain" >"$dir/sha1.pgp"
  g -u alice@example.org --armor -R "$gw" -se <"$dir/plain" >"$dir/hidden.pgp"
  g -u alice@example.org --armor -r mallory@example.org -se <"$dir/plain" >"$dir/other.pgp"
  g -u alice@example.org --armor -R mallory@example.org -se <"$dir/plain" >"$dir/hidden-other.pgp"
  g -u alice@example.org $to_gateway -r mallory@example.org -se <"$dir/plain" >"$dir/two-recipients.pgp"
  g --passphrase secret --armor -c <"$dir/plain" >"$dir/symmetric.pgp"
  g -u alice@example.org --armor -s <"$dir/plain" >"$dir/signed-only.pgp"
  g -u alice@example.org --armor --clearsign <"$dir/plain" >"$dir/clear.pgp"
  g -u alice@example.org --armor --detach-sign <"$dir/plain" >"$dir/detached.sig"
  g -u mallory@example.org --armor --detach-sign <"$dir/plain" >"$dir/unknown.sig"
  g -r "$gw" -e <"$dir/plain" >"$dir/one.bin"
}
# Readable for mallory too, so that its session key is known: for the message that no current program makes.
g -r "$gw" -r mallory@example.org -e <"$dir/plain" >"$dir/keyed.bin"
g --show-session-key -d <"$dir/keyed.bin" >/dev/null
sed -n "s/.*session key: '\(.*\)'.*/\1/p" "$dir/gpg.log" >"$dir/session.key"
cat "$dir/one.bin" "$dir/one.bin" >"$dir/twice.pgp"
revoke_carol
PYTHONDONTWRITEBYTECODE=1 python3 "$here/crypt_material.py" "$dir" "$home" "$gw"
