#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Letters of ours in other people's hands: real gpg signs and encrypts what mail_compose makes, Python's email package reads the
result, gpg verifies and decrypts it. Also after what servers do to mail on its way."""

import base64
import email
import email.policy
import os
import pathlib
import subprocess
import sys
import tempfile

TOOL = os.path.join(os.environ.get("top_builddir", "."), "compose_letter")
WORK = pathlib.Path(tempfile.mkdtemp(prefix="c."))
# gpg's sockets lie in its home, and a socket's path may not be long.
HOME = tempfile.mkdtemp(prefix="g", dir=WORK if len(str(WORK)) <= 70 else "/tmp")
os.chmod(HOME, 0o700)
checks = 0


def gpg(*args, stdin=b"", fails=False):
    r = subprocess.run(
        ["gpg", "--homedir", HOME, "--batch", "--no-tty", "--quiet", "--trust-model", "always", "--status-fd", "2", *args],
        input=stdin,
        capture_output=True,
        check=False,
    )
    if (r.returncode != 0) != fails:
        sys.exit(f"gpg {args}: {r.returncode}\n{r.stderr.decode(errors='replace')}")
    return r.stdout, r.stderr.decode(errors="replace")


def make_key(who):
    gpg("--passphrase", "", "--quick-generate-key", who, "ed25519", "sign", "never")
    out, _ = gpg("--with-colons", "--list-keys", who)
    fpr = [line.split(":")[9] for line in out.decode().splitlines() if line.startswith("fpr:")][0]
    gpg("--passphrase", "", "--quick-add-key", fpr, "cv25519", "encr", "never")
    return fpr


def same(what, got, wanted):
    global checks
    checks += 1
    if got != wanted:
        sys.exit(f"{what}:\n  got    {got!r}\n  wanted {wanted!r}")


def true(what, value):
    same(what, bool(value), True)


def compose(what, fields):
    args = [TOOL, what]
    for i, (name, value) in enumerate(fields):
        if isinstance(value, bytes):
            path = WORK / f"value.{what}.{i}"
            path.write_bytes(value)
            value = f"@{path}"
        args.append(f"{name}={value}")
    r = subprocess.run(args, capture_output=True, check=False)
    if r.returncode != 0:
        sys.exit(f"compose_letter {what}: {r.stderr.decode()}")
    return r.stdout


def seven_bit_crlf(what, data, body_only=False):
    body = data.split(b"\r\n\r\n", 1)[1] if body_only else data
    true(what + ": 7-bit", all(c < 0x80 for c in body))
    true(what + ": no bare LF", b"\n" not in data.replace(b"\r\n", b""))
    true(what + ": no bare CR", b"\r" not in data.replace(b"\r\n", b""))
    lines = data.split(b"\r\n")
    true(what + ": lines <= 998", max(map(len, lines)) <= 998)
    return lines


US = make_key("Acme Security <security@acme.example>")
ANN = make_key("Ann <ann@acme.example>")
OUR_KEY, _ = gpg("--export", "--export-options", "export-minimal", US)

HOSTILE_TEXT = (
    "-- write above this line -- Ref: EMB-2026-0001/abcd --\n\n"
    "From the beginning: a blank at the end \n"
    "a tab at the end\t\n"
    ".\n.dot\n"
    "Grüße, 日本語, 🙂\n"
    "-- \n"
    "=3D =\n"
    + "x" * 3000 + "\n"
    + "From " * 300 + "\n"
    + "é" * 700 + "\n"
    "--=_mixed-0\n"
    "\n\n\n"
    "last line without an end"
)
BINARY = bytes(range(256)) * 700 + b"\r\n\r\nX"

CASES = {
    "plain ascii": dict(subject="[EMB-2026-0001] A title", text="Hello,\n\nshort lines only.\n"),
    "hostile text": dict(subject="[EMB-2026-0001] Größe " + "langes Wort " * 30, text=HOSTILE_TEXT),
    "hostile headers": dict(
        subject="[EMB-2026-0001] a\r\nBcc: evil@x.example\r\n\r\nbody\0\u202eevil",
        text="x\n",
        **{"to-name": 'Ann "the\\one" <evil@x.example>,\r\nX-Evil: 1', "from-name": "Ärzte, GmbH"},
    ),
    "attachments": dict(
        subject="[EMB-2026-0001] files",
        text="see attached\n",
        attachments=[
            ("poc.bin", "application/x-evil", BINARY),
            ("Prüfbericht über alles und noch viel mehr mit einem sehr langen Namen.pdf", "application/pdf", b"%PDF-"),
            ('q"uo\\te; filename=x.exe', "text/plain", "Grüße\n".encode()),
            ("letter.eml", "message/rfc822", b"From: a@b\nSubject: x\n\nhi\n"),
            ("empty", "application/zip", b""),
            ("bad\r\nX-Evil: 1", "nonsense\r\nX-Evil: 1", b"--=_mixed-1\r\n"),
        ],
    ),
    "long words": dict(subject="[EMB-2026-0001] " + "w" * 500 + " =?UTF-8?B?ZXZpbA==?= two  blanks", text="\n"),
}


def fields_of(case, encrypt):
    f = [
        ("from", "security@acme.example"),
        ("from-name", case.get("from-name", "Acme Security")),
        ("to", "ann@acme.example"),
        ("to-name", case.get("to-name", "Ann").replace("\0", "")),
        ("subject", case["subject"].replace("\0", "")),
        ("outer", "[EMB-2026-0001] ..."),
        ("id", "abc\r\nX-Evil 1@acme.example"),
        ("in-reply-to", "first@x.example"),
        ("case", "EMB-2026-0001"),
        ("auto", "auto-replied"),
        ("text", case["text"].encode()),
        ("key", OUR_KEY),
        ("attach-key", "1" if case.get("attachments") else "0"),
        ("language", "en"),
        ("encrypt", "1" if encrypt else "0"),
    ]
    f += [("reference", f"ref-{i}-{'r' * 40}@x.example") for i in range(20)]
    f += [("attachment", f"{n}\x1f{t}\x1f@{put(f'att{i}', b)}") for i, (n, t, b) in enumerate(case.get("attachments", []))]
    return f


def put(name, data):
    path = WORK / name
    path.write_bytes(data)
    return path


def plain(s):
    """What the guard leaves of a value: one line, controls gone."""
    out = ""
    for c in s.replace("\0", ""):
        if c in "\r\n\t":
            out = out if out.endswith(" ") else out + " "
        elif ord(c) < 32 or 0x7F <= ord(c) < 0xA0 or "\u202a" <= c <= "\u202e":
            out += "\ufffd"
        else:
            out += c
    return out.strip()


def check_entity(name, case, raw, encrypt):
    m = email.message_from_bytes(raw, policy=email.policy.default)
    same(name + ": no defects", [str(d) for p in m.walk() for d in p.defects], [])
    same(name + ": subject inside", m["Subject"], plain(case["subject"]))
    same(name + ": from name", m["From"].addresses[0].display_name, plain(case.get("from-name", "Acme Security")))
    same(name + ": to", [a.addr_spec for a in m["To"].addresses], ["ann@acme.example"])
    same(name + ": to name", m["To"].addresses[0].display_name, plain(case.get("to-name", "Ann")))
    same(name + ": nothing injected", [k for k in m.keys() if k in ("Bcc", "X-Evil")], [])
    same(name + ": hp", m.get_param("hp"), "cipher" if encrypt else "clear")
    same(name + ": protected-headers", m.get_param("protected-headers"), "v1")
    if encrypt:
        outer = [v for k, v in m.items() if k == "HP-Outer" and v.startswith("Subject:")]
        same(name + ": HP-Outer", outer, ["Subject: [EMB-2026-0001] ..."])
    text = m
    if m.is_multipart():
        parts = list(m.iter_parts())
        text = parts[0]
        files = parts[1:]
        same(name + ": number of files", len(files), len(case["attachments"]) + 1)
        for part, (filename, mime, data) in zip(files, case["attachments"]):
            same(f"{name}: bytes of {filename!r}", part.get_payload(decode=True), data)
            same(f"{name}: name of {filename!r}", part.get_filename(), plain(filename))
            wanted = "application/octet-stream" if mime.startswith(("message/", "nonsense")) else mime
            same(f"{name}: type of {filename!r}", part.get_content_type(), wanted)
        same(name + ": key file", files[-1].get_content_type(), "application/pgp-keys")
        armor = files[-1].get_payload(decode=True)
        out, _ = gpg("--show-keys", "--with-colons", stdin=armor)
        true(name + ": key file is our key", US.encode() in out)
    same(name + ": language", text["Content-Language"], "en")
    got = text.get_payload(decode=True).decode().replace("\r\n", "\n")
    wanted = case["text"] if case["text"].endswith("\n") else case["text"] + "\n"
    same(name + ": text", got, wanted)


def check_outer(name, case, m, encrypt):
    same(name + ": subject outside", m["Subject"], "[EMB-2026-0001] ..." if encrypt else plain(case["subject"]))
    same(name + ": nothing injected outside", [k for k in m.keys() if k in ("Bcc", "X-Evil", "Cc")], [])
    same(name + ": id", m["Message-ID"], "<abcX-Evil1@acme.example>")
    same(name + ": in reply to", m["In-Reply-To"], "<first@x.example>")
    same(name + ": references", len(m["References"].split()), 20)
    same(name + ": automatic", m["Auto-Submitted"], "auto-replied")
    same(name + ": case", m["X-Embargod-Case"], "EMB-2026-0001")
    same(name + ": date", m["Date"].datetime.isoformat(), "2026-01-01T09:00:00+00:00")
    autocrypt = m["Autocrypt"].replace(" ", "")
    true(name + ": autocrypt address", autocrypt.startswith("addr=security@acme.example;prefer-encrypt=mutual;keydata="))
    same(name + ": autocrypt key", base64.b64decode(autocrypt.split("keydata=")[1]), OUR_KEY)


def verify(name, signed, signature):
    sig = put("sig.asc", signature)
    _, status = gpg("--verify", str(sig), "-", stdin=signed)
    true(name + ": VALIDSIG", "VALIDSIG" in status and US in status)


def signed_part(raw):
    """The exact bytes under the signature, cut from the letter as RFC 3156 says."""
    m = email.message_from_bytes(raw, policy=email.policy.default)
    b = ("--" + m.get_boundary()).encode()
    start = raw.index(b"\r\n" + b + b"\r\n") + len(b) + 4
    end = raw.index(b"\r\n" + b + b"\r\n", start)
    return m, raw[start:end], list(m.iter_parts())[1].get_payload(decode=True)


def travel(raw):
    """What servers may do: append blanks are no longer allowed to, but they may refold the outer header and quote From."""
    head, body = raw.split(b"\r\n\r\n", 1)
    out = []
    for line in body.split(b"\r\n"):
        if line.startswith(b"From "):
            line = b">" + line
        out.append(line.rstrip(b" \t"))
    return head + b"\r\nReceived: from x by y; Thu, 1 Jan 2026 09:00:00 +0000\r\n\r\n" + b"\r\n".join(out)


def run():
    for name, case in CASES.items():
        for encrypt in (False, True):
            fields = fields_of(case, encrypt)
            content = compose("content", fields)
            seven_bit_crlf(name, content)
            body_lines = content.split(b"\r\n\r\n", 1)[1].split(b"\r\n")
            true(name + ": no trailing blanks", all(line == line.rstrip(b" \t") for line in body_lines))
            true(name + ": no From lines", not any(line.startswith(b"From ") for line in body_lines))
            true(name + ": no dots in front", not any(line.startswith(b".") for line in body_lines))
            if encrypt:
                sealed, _ = gpg("--armor", "--sign", "--encrypt", "-u", US, "-r", ANN, stdin=content)
            else:
                sealed, status = gpg("--armor", "--detach-sign", "-u", US, "--digest-algo", "SHA512", stdin=content)
            letter = compose("letter", fields + [("content", content), ("sealed", sealed), ("micalg", "pgp-sha512")])
            seven_bit_crlf(name, letter, body_only=True)
            letter = travel(letter)
            if encrypt:
                m = email.message_from_bytes(letter, policy=email.policy.default)
                same(name + ": type", (m.get_content_type(), m.get_param("protocol")), ("multipart/encrypted", "application/pgp-encrypted"))
                parts = list(m.iter_parts())
                same(name + ": version part", parts[0].get_payload().split(), ["Version:", "1"])
                opened, status = gpg("--decrypt", stdin=parts[1].get_payload(decode=True))
                true(name + ": signed inside", "VALIDSIG" in status and US in status and "DECRYPTION_OKAY" in status)
                same(name + ": byte-identical", opened, content)
                for secret in (b"Gr=C3=BC", b"A title", b"see attached", b"poc.bin"):
                    true(f"{name}: {secret!r} not visible", secret not in letter)
            else:
                m, opened, signature = signed_part(letter)
                same(name + ": type", (m.get_content_type(), m.get_param("micalg")), ("multipart/signed", "pgp-sha512"))
                same(name + ": byte-identical", opened, content)
                verify(name, opened, signature)
                gpg("--verify", str(put("sig.asc", signature)), "-", stdin=opened.replace(b"7bit", b"8bit").replace(b"quoted", b"kuoted"), fails=True)
            check_outer(name, case, m, encrypt)
            check_entity(name, case, opened, encrypt)
    # The final check refuses what is not encrypted.
    case = CASES["plain ascii"]
    fields = fields_of(case, True)
    for what, sealed in (
        ("clear text as sealed", b"Hello, this is the report\n"),
        ("signed but not encrypted", gpg("--armor", "--sign", "-u", US, stdin=b"hello")[0]),
        ("only a passphrase", gpg("--armor", "--symmetric", "--passphrase", "x", "--pinentry-mode", "loopback", stdin=b"hello")[0]),
    ):
        args = [TOOL, "letter"] + [f"{n}={v}" for n, v in fields if not isinstance(v, bytes)]
        args += [f"sealed=@{put('sealed', sealed)}"]
        r = subprocess.run(args, capture_output=True, check=False)
        same("refused: " + what, r.returncode, 1)
    print(f"compose.py: {checks} checks passed")


try:
    run()
finally:
    subprocess.run(["gpgconf", "--homedir", HOME, "--kill", "all"], check=False)
    subprocess.run(["rm", "-rf", HOME, str(WORK)], check=False)
