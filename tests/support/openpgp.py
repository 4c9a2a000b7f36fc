# SPDX-License-Identifier: GPL-3.0-or-later
"""OpenPGP packets by hand (RFC 4880), for messages that no current program makes."""
import base64
import os
import subprocess


def packet(tag, body):
    return bytes([0xC0 | tag, 255]) + len(body).to_bytes(4, "big") + body


def split(data):
    """(tag, body, raw) of each packet; lengths of the new and old format, no partial ones."""
    while data:
        first, at = data[0], 1
        if first & 0x40:
            tag, size = first & 63, data[1]
            at = 2
            if 192 <= size < 224:
                size, at = (size - 192 << 8) + data[2] + 192, 3
            elif size == 255:
                size, at = int.from_bytes(data[2:6], "big"), 6
            else:
                assert size < 192, "a partial length"
        else:
            tag, octets = first >> 2 & 15, (1, 2, 4)[first & 3]
            size = int.from_bytes(data[1:1 + octets], "big")
            at = 1 + octets
        yield tag, data[at:at + size], data[:at + size]
        data = data[at + size:]


def cfb(data, key, iv):
    return subprocess.run(["openssl", "enc", "-aes-256-cfb", "-K", key, "-iv", iv], input=data, stdout=subprocess.PIPE,
                          check=True).stdout


def without_integrity(session_key_packet, key, inner):
    """Symmetrically Encrypted Data (tag 9): OpenPGP's CFB with resynchronisation, RFC 4880 section 13.9."""
    prefix = os.urandom(16)
    head = cfb(prefix + prefix[14:16], key, "00" * 16)
    return session_key_packet + packet(9, head + cfb(inner, key, head[2:18].hex()))


def armored(data, kind="MESSAGE"):
    return b"-----BEGIN PGP %s-----\n\n%s-----END PGP %s-----\n" % (kind.encode(), base64.encodebytes(data), kind.encode())
