#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bad input and bad days, through the whole daemon: what the analysts get, what the reporter gets, that nothing is lost and no other
letter waits for it."""
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import openpgp  # noqa: E402
from gateway import SRC, expect  # noqa: E402
from people import crlf  # noqa: E402
from story import SECRET, main, wait  # noqa: E402

CORPUS = os.path.join(SRC, "tests", "corpus", "pgp")


# ---- letters ----
def letter(s, sender, armor):
    """PGP/MIME around any bytes, from somebody without a key; the subject is dots."""
    return s.robin.wrap([("From", sender), ("To", s.ADDRESS), ("Subject", ""), ("Date", "Mon, 06 Jul 2026 10:00:00 +0000"),
                         ("Message-ID", "<%s>" % sender)], armor)


def entity(text):
    return b"Content-Type: text/plain\r\n\r\n" + text.encode() + b"\r\n"


def gpg_to_us(s, data, *options):
    return s.robin.gpg("--encrypt", "-r", s.fpr, *options, data=data)


def without_mdc(s):
    """To us and to Robin, who learns the session key and packs the text anew without integrity protection."""
    both = gpg_to_us(s, b"x", "-r", s.robin.fpr)
    _, said, _ = s.robin.gpg("--show-session-key", "--decrypt", data=both, status=True)
    algorithm, key = re.search(r"SESSION_KEY (\d+):(\w+)", said).groups()
    expect(algorithm == "9", "AES-256 was used", said)
    literal = openpgp.packet(11, b"b\x00\x00\x00\x00\x00" + entity(SECRET))
    ours = next(raw for tag, _, raw in openpgp.split(both) if tag == 1)
    return openpgp.without_integrity(ours, key, literal)


def tampered(s):
    data = bytearray(gpg_to_us(s, entity(SECRET)))
    data[-30] ^= 1
    return bytes(data)


def bomb(s):
    with open(os.path.join(CORPUS, "bomb-inside.bin"), "rb") as f:
        data = gpg_to_us(s, f.read(), "--no-literal", "-z", "0")
    expect(len(data) < 2500, "1 GiB in about 2 KB", len(data))
    return data


def cannot_be_decrypted(s):
    """Each is quarantined with advice, its sender answered once and without content; the good letters between them go through."""
    other = s.person("Other", "other@x.example")
    s.robin.learn(other.public())
    data = {"tampered": tampered(s), "nomdc": without_mdc(s), "bomb": bomb(s),
            "passphrase": s.robin.gpg("--symmetric", "--passphrase", "secret", data=entity(SECRET)),
            "elsewhere": s.robin.gpg("--encrypt", "-r", other.fpr, data=entity(SECRET))}
    says = {"tampered": ("damaged", "Send it again"), "nomdc": ("without integrity protection", "current OpenPGP program"),
            "bomb": ("larger than allowed", "Send less"), "passphrase": ("passphrase only", "encrypt it to our key"),
            "elsewhere": ("to another key", "attached to our mails")}
    s.deliver(s.report(subject="the first"))
    for name, raw in data.items():
        s.deliver(letter(s, name + "@lab.example", openpgp.armored(raw)))
    half = s.robin.gpg("--encrypt", "-r", other.fpr, "-r", s.fpr, "--armor", data=entity("for two of us"))
    s.deliver(letter(s, "two@lab.example", half))
    s.once()
    quarantine = {q["id"]: q for q in s.ctl_json("quarantine", "list")}
    expect(len(quarantine) == len(data), "each of them is in quarantine", quarantine)
    titles = sorted(c["title"] for c in s.ctl_json("list", "all"))
    expect(titles == ["", "the first"], "the others are cases: also the one to two keys", titles)
    for analyst in (s.alice, s.bob):
        got = s.fresh(analyst)
        notes = {re.search(r"From: +(\w+)@", m.text).group(1): m for m in got if "quarantine" in m.subject}
        expect(sorted(notes) == sorted(data) and len(got) == len(data) + 2, "one notice for each, and the forwards", *[m.subject for m in got])
        for name, m in notes.items():
            number = re.search(r"Number: +(\d+)", m.text).group(1)
            expect(m.encrypted and m.signer == s.fpr and says[name][0] in m.text and "this advice:" in m.text and says[name][1] in m.text
                   and "embargoctl quarantine release " + number in m.text, "what it is and what to do", m.text)
            expect(int(number) in quarantine and SECRET not in m.text, "its number is that of the list")
        expect("Import that secret key" in notes["elsewhere"].text and other_id(s, other) in notes["elsewhere"].text, "which key it is for",
               notes["elsewhere"].text)
    answers = {to.split("@")[0]: raw for _, _, to, _, raw in s.out() if to.endswith("@lab.example")}
    for name in data:
        m = s.robin.open(answers[name])
        expect(not m.encrypted and m.signer == s.fpr and "openpgp-key.asc" in m.attachments, "%s: our key, signed" % name, m.text)
        expect(says[name][0] in m.text and says[name][1] in m.text and m.outer["Auto-Submitted"] == "auto-replied", "what was wrong", m.text)
        expect(SECRET not in answers[name].decode(), "no word of the letter")
    expect(len(answers) == len(data) + 2, "each is answered once", sorted(answers))
    quarantine_is_worked_off(s, quarantine)


def other_id(s, other):
    listing = other.gpg("--with-colons", "--list-keys", other.fpr).decode().splitlines()
    return next(line.split(":")[4] for line in listing if line.startswith("sub:"))


def quarantine_is_worked_off(s, quarantine):
    """show, release and discard: what is released comes back unless it can be read now; what is discarded is gone."""
    first, second = sorted(quarantine)[:2]
    shown = s.ctl("quarantine", "show", str(first))
    expect(quarantine[first]["reason"] in shown and "BEGIN PGP MESSAGE" in shown and "tampered@lab.example" in shown, "show", shown[:500])
    before = len(s.out())
    s.ctl("quarantine", "release", str(first))
    s.ctl("quarantine", "discard", str(second))
    expect("not in quarantine" in s.ctl("quarantine", "discard", str(second), code=1), "gone once")
    s.once()
    left = [q["id"] for q in s.ctl_json("quarantine", "list")]
    expect(first in left and second not in left and len(left) == len(quarantine) - 1, "the released one came back", left)
    new = s.out()[before:]
    expect(sorted(m[2] for m in new) == sorted([s.alice.address, s.bob.address]), "announced again, its sender not answered again",
           *[m[2] for m in new])
    expect("not answered (this sender had an acknowledgement already)" in s.fresh(s.alice)[0].text, "and the analysts know that")
    expect("sound" in s.ctl("check"), "the store is sound")


STORIES = [cannot_be_decrypted]
SETUP = {}

if __name__ == "__main__":
    sys.exit(main(STORIES, SETUP))
