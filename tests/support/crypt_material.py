# SPDX-License-Identifier: GPL-3.0-or-later
"""crypt_material.py DIR HOME GATEWAY: messages that no current program makes: tampered, truncated, without integrity
protection, in newer formats, and a bomb."""
import os
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from openpgp import packet, split, without_integrity  # noqa: E402

directory, home, gateway = sys.argv[1:4]


def path(name):
    return os.path.join(directory, name)


def read(name):
    with open(path(name), "rb") as f:
        return f.read()


def write(name, data):
    with open(path(name), "wb") as f:
        f.write(data)


def gpg(data, *options):
    return subprocess.run(["gpg", "--homedir", home, *options], input=data, stdout=subprocess.PIPE, check=True).stdout


one = read("one.bin")
tags = [(tag, body, raw) for tag, body, raw in split(one)]
assert [t for t, _, _ in tags] == [1, 18], tags
session, container = tags[0][2], tags[1][1]

# Hardly any bits: one flipped in the ciphertext, the tail cut off, cut within the packet.
flipped = bytearray(one)
flipped[-30] ^= 1
write("tampered.pgp", bytes(flipped))
write("truncated.pgp", one[:-25])
armored = read("good.pgp")
write("truncated-armor.pgp", armored[:len(armored) // 2])

with open(path("session.key")) as f:
    key = f.read().strip().split(":")
assert key[0] == "9", "AES256"
ours = next(split(read("keyed.bin")))[2]
literal = packet(11, b"b\x00\x00\x00\x00\x00" + read("plain"))
write("no-mdc.pgp", without_integrity(ours, key[1], literal))

# A good integrity check around a signature that does not fit: signed, altered, then encrypted.
signed = gpg(b"ABCDEFGHIJ", "-z", "0", "-u", "alice@example.org", "-s")
assert signed.count(b"ABCDEFGHIJ") == 1
write("bad-signature.pgp", gpg(signed.replace(b"ABCDEFGHIJ", b"ABCDEFGHIX"), "--no-literal", "-z", "0", "-r", gateway,
                               "-e"))

# Newer formats: only their headers matter here.
write("seipd2.pgp", session + packet(18, b"\x02" + container[1:]))
write("aead.pgp", session + packet(20, b"\x01\x09\x02\x10" + os.urandom(80)))
write("pkesk6.pgp", packet(1, b"\x06\x15\x04" + bytes.fromhex(gateway) + b"\x19" + os.urandom(60)) +
      packet(18, b"\x02" + container[1:]))
write("x25519.pgp", packet(1, b"\x03" + bytes.fromhex(gateway)[12:20] + b"\x19" + os.urandom(60)) + tags[1][2])
v6 = packet(6, b"\x06" + os.urandom(60)) + packet(13, b"six <six@example.org>")
write("v6-then-v4.key", v6 + gpg(b"", "--export", "alice@example.org"))
write("v6.key", v6)
write("large.key", gpg(b"", "--export", "alice@example.org") + packet(13, bytes(300000)))
write("eleven.key", gpg(b"", "--export", "alice@example.org") * 11)
write("garbage.pgp", b"Dear all,\nno OpenPGP here.\n")
# 1 GiB of zeroes in 1.2 KB: made once, it takes seconds.
with open(os.path.join(os.path.dirname(__file__), "../corpus/pgp/bomb-inside.bin"), "rb") as f:
    bomb = f.read()
write("bomb.pgp", gpg(bomb, "--no-literal", "-z", "0", "--trust-model", "always", "-r", gateway, "-e"))
