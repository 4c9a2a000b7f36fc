#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Stories: OpenPGP in the forms in which it arrives. For each: the forward holds text and files byte for byte, its summary says
truly how the letter was protected and who signed, and the acknowledgement is as full, or as empty, as the sender is known."""
import base64
import copy
import os
import re
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from gateway import expect  # noqa: E402
from people import crlf  # noqa: E402
from story import POC, SECRET, main, wait  # noqa: E402

TEXT = "The pump takes any firmware: %s.\nUmlauts too: \u00e4\u00f6\u00fc.\n" % SECRET


# ---- letters by hand ----
def part(kind, body, *headers):
    return ("\r\n".join(("Content-Type: " + kind,) + headers) + "\r\n\r\n").encode() + crlf(body if isinstance(body, bytes) else body.encode())


def binary(name, data, kind="application/octet-stream"):
    return part('%s; name="%s"' % (kind, name), base64.encodebytes(data), 'Content-Disposition: attachment; filename="%s"' % name,
                "Content-Transfer-Encoding: base64")


def multi(kind, *parts):
    b = b"=-by-hand-%d" % len(b"".join(parts))
    return b"Content-Type: " + kind.encode() + b'; boundary="' + b + b'"\r\n\r\n' + b"".join(
        b"--" + b + b"\r\n" + p + b"\r\n" for p in parts) + b"--" + b + b"--\r\n"


def plain_text(text):
    return part("text/plain; charset=utf-8", text, "Content-Transfer-Encoding: 8bit")


class Writer:
    """One reporter under many addresses: each address may get an acknowledgement of its own."""

    def __init__(self, s):
        self.s = s
        self.gate = s.fpr

    def alias(self, name):
        a = copy.copy(self.s.robin)
        a.address = name + "@lab.example"
        a.gpg("--quick-add-uid", a.fpr, "%s <%s>" % (a.name, a.address))
        return a

    def letter(self, who, subject, entity, *headers):
        head = ["From: %s <%s>" % (who.name, who.address), "To: " + self.s.ADDRESS, "Subject: " + subject,
                "Message-ID: <1.%s>" % who.address, "Date: Thu, 05 Mar 2026 10:00:00 +0000",
                "MIME-Version: 1.0"] + list(headers)
        return "\r\n".join(head).encode() + b"\r\n" + entity

    def seal(self, who, data, *more, sign=True, armor=True, to=None):
        args = (["--armor"] if armor else []) + ["--encrypt"] + (["--sign", "-u", who.fpr] if sign else []) + list(more)
        return who.gpg(*args, *(to or ["-r", self.gate]), data=data if isinstance(data, bytes) else data.encode())

    def mime(self, who, entity, **k):
        return self.envelope(self.seal(who, entity, **k))

    @staticmethod
    def envelope(armored):
        return multi('multipart/encrypted; protocol="application/pgp-encrypted"', part("application/pgp-encrypted", "Version: 1\n"),
                     part('application/octet-stream; name="encrypted.asc"', armored))

    @staticmethod
    def signed(who, entity):
        sig = who.gpg("--armor", "--digest-algo", "SHA512", "--detach-sign", "-u", who.fpr, data=entity)
        return multi('multipart/signed; micalg="pgp-sha512"; protocol="application/pgp-signature"', entity,
                     part('application/pgp-signature; name="signature.asc"', sig))

    @staticmethod
    def key(who):
        return part('application/pgp-keys; name="robin.asc"', who.public(), 'Content-Disposition: attachment; filename="robin.asc"')


def line(text, label):
    """The summary's line of that label, as the analyst reads it; "" when there is none."""
    m = re.search(r"^%s: +(.*)$" % label, text.split("----- report, as written -----")[0], re.M)
    return m.group(1) if m else ""


def summary(f):
    return f.text.split("----- report, as written -----")[0]


def report_of(f):
    """What was written; every line of it is quoted in the forward."""
    lines = f.text.split("----- report, as written -----\n\n", 1)[1].split("\n----- end of the report -----")[0].rstrip("\n").split("\n")
    while lines and not lines[-1].strip(" >"):
        lines.pop()
    expect(all(l == ">" or l.startswith("> ") for l in lines), "every line is quoted", *lines)
    return "\n".join(l[2:] for l in lines)


GOOD = "good"
ENCRYPTED, BOTH, SIGNED, CLEAR = "encrypted", "encrypted and signed", "signed, not encrypted", "in clear"
PARTLY = "partly encrypted and signed: some of it came in clear"


class Form:
    """What is to be seen of one letter. ack: 'full' (encrypted), 'empty' (encrypted, content-free), 'clear' (content-free).
    partly: words that stand outside of what is protected."""

    def __init__(self, name, make, protection, signature, ack, text=TEXT, files=None, partly=""):
        self.name, self.make, self.protection, self.signature, self.ack = name, make, protection, signature, ack
        self.text, self.files, self.partly = text, files or {}, partly


def signature_fits(form, who, said):
    if form.signature == GOOD:
        return said.startswith("good") and who.fpr[-4:] in said
    return form.signature in said


def check_forward(s, form, who, f):
    what = form.name + ": "
    expect(f.encrypted and f.signer == s.fpr, what + "the forward is encrypted and signed by the gateway")
    expect(line(f.text, "Protection") == form.protection, what + "protection", line(f.text, "Protection"), summary(f))
    expect(signature_fits(form, who, line(f.text, "Signature")), what + "signature", line(f.text, "Signature"), summary(f))
    clear = "encrypted" not in form.protection.replace("not encrypted", "")
    expect(("ARRIVED IN CLEAR" in summary(f)) == clear, what + "says that it came in clear when it did", summary(f))
    own, _, outside = report_of(f).partition("\n\n[What follows stood outside the signature or encryption:]\n\n")
    expect(own == form.text.rstrip("\n") and (form.partly.strip() in outside if form.partly else not outside), what + "text", repr(report_of(f)))
    for name, data in form.files.items():
        expect(f.attachments.get(name) == data, what + "file %s arrives byte-identical" % name, list(f.attachments))
        expect("Attachment:  %s (" % name in summary(f), what + "the summary names it", summary(f))
    expect(("original.eml" in f.attachments) == (clear or bool(form.partly)), what + "the letter as it came, when some of it is readable")
    expect(("outside the signature or encryption" in summary(f)) == bool(form.partly), what + "says whether part of it lies outside", summary(f))


def check_ack(s, form, who):
    a = s.one(who, form.name + ": acknowledgement")
    what = form.name + ": acknowledgement: "
    expect(a.signer == s.fpr and a.outer["Subject"].endswith("..." if a.encrypted else a.subject), what + "signed by us")
    expect(a.encrypted == (form.ack != "clear"), what + ("encrypted" if form.ack != "clear" else "in clear"), a.outer["Subject"])
    expect(("Protection:" in a.text) == (form.ack == "full"), what + form.ack, a.text)
    expect(SECRET not in a.text and "robin.asc" not in a.text, what + "nothing of the report", a.text)
    if form.ack != "full":
        expect(form.name not in a.text and form.name not in a.raw.decode(), what + "not even its subject", a.text)
    if not a.encrypted:
        expect("openpgp-key.asc" in a.attachments, what + "brings our key", list(a.attachments))


def play(s, forms):
    """All letters at once, then what each of them became."""
    w = Writer(s)
    writer = {}
    for n, form in enumerate(forms):
        writer[form.name] = w.alias("form%d" % n)
        s.deliver(form.make(w, writer[form.name], form.name))
    s.once()
    expect(not s.ctl_json("quarantine", "list"), "nothing is quarantined", s.ctl("quarantine", "list"))
    forwards = {f.subject.split("New report: ", 1)[-1]: f for f in s.fresh(s.alice)}
    expect(sorted(forwards) == sorted(f.name for f in forms), "one forward for each letter", *sorted(forwards))
    for form in forms:
        check_forward(s, form, writer[form.name], forwards[form.name])
        check_ack(s, form, writer[form.name])
    return forwards, writer


# ---- inline ----
def inline_whole(w, who, subject):
    return w.letter(who, subject, multi("multipart/mixed", part("text/plain; charset=utf-8", w.seal(who, TEXT)), w.key(who)))


def inline_bare(w, who, subject):
    return w.letter(who, subject, part("text/plain; charset=utf-8", w.seal(who, TEXT)))


def inline_alternative(w, who, subject):
    armored = w.seal(who, TEXT)
    html = b"<html><body><pre>" + armored.replace(b"\n", b"<br>\n") + b"</pre></body></html>"
    return w.letter(who, subject, multi("multipart/alternative", part("text/plain; charset=utf-8", armored), part("text/html; charset=utf-8", html)))


def inline_files(w, who, subject):
    return w.letter(who, subject, multi(
        "multipart/mixed", part("text/plain; charset=utf-8", w.seal(who, TEXT)), binary("poc.bin.pgp", w.seal(who, POC, armor=False)),
        binary("log.txt.asc", w.seal(who, b"a log\n", sign=False)), binary("dump.bin.gpg", w.seal(who, POC[::-1], armor=False, sign=False)),
        w.key(who)))


def inline_partly(w, who, subject):
    return w.letter(who, subject, plain_text("Hello,\n\n" + w.seal(who, TEXT).decode() + "\n-- \nsent from my phone\n"))


def inline_and_file(w, who, subject):
    return w.letter(who, subject, multi("multipart/mixed", part("text/plain; charset=utf-8", w.seal(who, TEXT)), binary("poc.bin", POC), w.key(who)))


def two_blocks(w, who, subject):
    return w.letter(who, subject, plain_text(w.seal(who, TEXT).decode() + "\n\n" + w.seal(who, "a second block\n").decode()))


def clear_signed(w, who, subject):
    block = who.gpg("--clearsign", "-u", who.fpr, data=TEXT.encode())
    return w.letter(who, subject, multi("multipart/mixed", part("text/plain; charset=utf-8", block, "Content-Transfer-Encoding: 8bit"), w.key(who)))


def inline_pgp(s):
    play(s, [
        Form("inline whole", inline_whole, BOTH, GOOD, "full"),
        Form("inline bare", inline_bare, BOTH, "unknown", "clear"),
        Form("inline alternative", inline_alternative, BOTH, "unknown", "clear"),
        Form("inline files", inline_files, BOTH, GOOD, "full", files={"poc.bin": POC, "log.txt": b"a log\n", "dump.bin": POC[::-1]}),
        Form("inline partly", inline_partly, PARTLY, "unknown", "clear", partly="sent from my phone"),
        Form("clear file beside", inline_and_file, PARTLY, "over part of the letter, good", "full", files={"poc.bin": POC}, partly=" "),
        Form("two blocks", two_blocks, PARTLY, "unknown", "clear", partly="a second block"),
        Form("clear signed", clear_signed, SIGNED, GOOD, "full"),
    ])


# ---- PGP/MIME, as it should be and as it arrives ----
def entity(text=TEXT, *files):
    return multi("multipart/mixed", plain_text(text), *files)


def exchange(w, who, subject):
    """What Exchange makes of multipart/encrypted."""
    armored = w.seal(who, entity(TEXT, binary("poc.bin", POC), w.key(who)))
    return w.letter(who, subject, multi("multipart/mixed", part("text/plain; charset=us-ascii", "\n"),
                                        part("application/pgp-encrypted", "Version: 1\n", "Content-Description: PGP/MIME version identification"),
                                        binary("encrypted.asc", armored)))


def exchange_renamed(w, who, subject):
    armored = w.seal(who, entity(TEXT, binary("poc.bin", POC), w.key(who)))
    return w.letter(who, subject, multi("multipart/mixed", part("text/plain; charset=us-ascii", "\n"),
                                        binary("PGPMIME Versions Identification", b"Version: 1\n"), binary("PGPMIME Encoded.asc", armored)))


def with_footer(w, who, subject):
    return w.letter(who, subject, multi("multipart/mixed", w.mime(who, entity(TEXT, w.key(who))), plain_text("A list's footer.\n")))


def mangled_mime(s):
    play(s, [
        Form("exchange", exchange, BOTH, GOOD, "full", files={"poc.bin": POC}),
        Form("exchange renamed", exchange_renamed, BOTH, GOOD, "full", files={"poc.bin": POC}),
        Form("list footer", with_footer, PARTLY, "over part of the letter, good", "full", partly="A list's footer."),
    ])


# ---- who signed what ----
def signed_inside(w, who, subject):
    """multipart/signed inside multipart/encrypted (RFC 3156 section 6.1)."""
    return w.letter(who, subject, w.mime(who, w.signed(who, entity(TEXT, binary("poc.bin", POC), w.key(who))), sign=False))


def signed_only(w, who, subject):
    return w.letter(who, subject, w.signed(who, entity(TEXT, binary("poc.bin", POC), w.key(who))))


def encrypted_only(w, who, subject):
    return w.letter(who, subject, w.mime(who, entity(), sign=False))


def tampered(w, who, subject):
    return w.letter(who, subject, w.signed(who, entity(TEXT, w.key(who))).replace(b"takes any", b"eats any "))


def signed_partly(w, who, subject):
    return w.letter(who, subject, multi("multipart/mixed", w.signed(who, entity(TEXT, w.key(who))), plain_text("Nobody signed this.\n")))


def forwarded(w, who, subject):
    """A colleague's encrypted mail, forwarded as it was; the cover note is in clear."""
    inner = w.letter(who, "the colleague's", w.mime(who, entity(TEXT, binary("poc.bin", POC))))
    return w.letter(who, subject, multi("multipart/mixed", plain_text("See the enclosed mail.\n"), part("message/rfc822", inner)))


def forwarded_inside(w, who, subject):
    """A signed mail of somebody else, forwarded within an encrypted one: the letter is signed by who sent it."""
    other = w.s.alice
    inner = w.letter(other, "an older mail", w.signed(other, plain_text("Older words.\n")))
    return w.letter(who, subject, w.mime(who, entity(TEXT, part("message/rfc822", inner, 'Content-Disposition: attachment; filename="older.eml"'), w.key(who))))


def signatures(s):
    got, _ = play(s, [
        Form("signed inside", signed_inside, BOTH, GOOD, "full", files={"poc.bin": POC}),
        Form("signed only", signed_only, SIGNED, GOOD, "full", files={"poc.bin": POC}),
        Form("encrypted only", encrypted_only, ENCRYPTED, "not signed", "clear"),
        Form("tampered", tampered, SIGNED, "bad", "empty", text=TEXT.replace("takes any", "eats any ")),
        Form("signed partly", signed_partly, "partly signed, not encrypted", "over part of the letter, good", "full", partly="Nobody signed this."),
        Form("forwarded", forwarded, PARTLY, "unknown", "clear", files={"poc.bin": POC}, partly="See the enclosed mail."),
        Form("forwarded inside", forwarded_inside, BOTH, GOOD, "full"),
    ])
    expect(any(b"Older words." in data for data in got["forwarded inside"].attachments.values()), "the enclosed mail arrives",
           list(got["forwarded inside"].attachments))


# ---- to whom ----
def hidden(w, who, subject):
    return w.letter(who, subject, w.mime(who, entity(TEXT, w.key(who)), to=["-R", w.gate]))


def no_key_ids(w, who, subject):
    return w.letter(who, subject, w.envelope(w.seal(who, entity(TEXT, w.key(who)), "--throw-keyids", to=["-r", who.fpr, "-r", w.gate])))


def hidden_recipients(s):
    play(s, [
        Form("hidden", hidden, BOTH, GOOD, "full"),
        Form("no key ids", no_key_ids, BOTH, GOOD, "full"),
    ])


# ---- headers and keys ----
def draft_headers(w, who, subject):
    """The older draft: Content-Type with protected-headers="v1", the outer subject is only dots."""
    inner = entity(TEXT).replace(b"Content-Type: multipart/mixed;", b'Content-Type: multipart/mixed; protected-headers="v1";', 1)
    return w.letter(who, "...", w.mime(who, b"Subject: " + subject.encode() + b"\r\nFrom: " + who.address.encode() + b"\r\n" + inner),
                    "Autocrypt: " + autocrypt(who))


def rfc9788(w, who, subject):
    """RFC 9788: hp="cipher", HP-Outer, and a legacy display of the subject in the text."""
    text = part('text/plain; charset=utf-8; hp-legacy-display="1"', "Subject: %s\n\n%s" % (subject, TEXT), "Content-Transfer-Encoding: 8bit")
    inner = multi('multipart/mixed; hp="cipher"', text, w.key(who))
    head = "Subject: %s\r\nFrom: %s\r\nHP-Outer: Subject: [...]\r\nHP-Outer: From: %s\r\n" % (subject, who.address, who.address)
    return w.letter(who, "[...]", w.mime(who, head.encode() + inner))


def autocrypt(who):
    key = base64.b64encode(who.gpg("--export", "--export-options", "export-minimal", who.fpr)).decode()
    return "addr=%s; keydata=%s" % (who.address, "".join("\r\n " + key[i:i + 72] for i in range(0, len(key), 72)))


def key_outside(w, who, subject):
    """The key lies beside, in clear; the letter is in clear too."""
    return w.letter(who, subject, multi("multipart/mixed", plain_text(TEXT), w.key(who)))


def key_inside(w, who, subject):
    return w.letter(who, subject, w.mime(who, entity(TEXT, w.key(who))))


def key_as_text(w, who, subject):
    return w.letter(who, subject, w.mime(who, plain_text(TEXT + "\n" + who.public().decode())))


def headers_and_keys(s):
    got, writer = play(s, [
        Form("draft headers", draft_headers, BOTH, GOOD, "full"),
        Form("rfc 9788", rfc9788, BOTH, GOOD, "full"),
        Form("key outside", key_outside, CLEAR, "not signed", "empty"),
        Form("key inside", key_inside, BOTH, GOOD, "full"),
    ])
    for form in got:
        kept = s.ctl("key", "list", writer[form].address)
        expect(writer[form].fpr[-4:] in kept, form + ": its key is kept for that address", kept)


# ---- the gateway's own keys ----
def rotate(s):
    """embargoctl key new; everybody learns the new key. Keys know the second in which they were made, and the newest is used."""
    second = int(time.time())
    wait(lambda: int(time.time()) > second, "the next second")
    said = s.ctl("key", "new", "365")
    with open(re.search(r"public key: (.*)", said).group(1), "rb") as f:
        key = f.read()
    for p in s.people:
        if p.fpr:
            p.learn(key)
    return re.sub(" ", "", re.search(r"^  ([0-9A-F ]{40,})$", said, re.M).group(1))


def lock_gateway_key(s, passphrase):
    """As an operator does it with gpg, the daemon stopped."""
    home = os.path.join(s.dir, "gnupg")
    with open(os.path.join(home, "gpg.conf")) as f:
        ring = re.search(r"^keyring (\S+)", f.read(), re.M).group(1)
    try:
        subprocess.run(["gpg", "--homedir", home, "--no-options", "--no-default-keyring", "--keyring", os.path.join(home, ring), "--batch",
                        "--quiet", "--pinentry-mode", "loopback", "--passphrase", passphrase, "--passwd", s.fpr], check=True, capture_output=True)
    finally:
        subprocess.run(["gpgconf", "--homedir", home, "--kill", "all"], capture_output=True)


def rotated_key(s):
    """A reporter who has only the old key is read, and answered under the new one; so is one who has the new one."""
    old = s.fpr
    new = rotate(s)
    s.deliver(s.robin.encrypted(s.ADDRESS, "to the old key", TEXT, [("robin.asc", s.robin.public())], recipients=[old]))
    s.once()
    s.fpr = new
    f, a = s.one(s.alice), s.one(s.robin)
    expect(f.signer == new and a.signer == new and f.encrypted and a.encrypted, "both are signed by the new key", f.signer, a.signer)
    expect(report_of(f) == TEXT.rstrip("\n") and line(f.text, "Protection") == BOTH, "read with the old one", f.text)
    expect(new[-4:] in a.text and old[-4:] not in a.text, "the acknowledgement names the new key", a.text)
    s.deliver(s.robin.encrypted(s.ADDRESS, "Re: x", "And to the new key.\n", reply_to=a, recipients=[new]))
    s.once()
    f = s.one(s.alice)
    expect("And to the new key." in f.text and f.signer == new, "the new key decrypts too", f.text)
    r = s.command(s.alice, "#key show own\n", f, recipients=[new])
    expect(re.sub(" ", "", r.text).count(new) == 1, "#key show tells which is in use", r.text)


def protected_key(s):
    """A passphrase on the gateway's key: without it nothing is lost, with it all goes on."""
    lock_gateway_key(s, "correct horse battery")
    s.deliver(s.report(TEXT))
    s.once(code=75)
    expect(not s.out() and not s.ctl_json("quarantine", "list") or "held" in s.ctl("quarantine", "list"), "nobody is told that it cannot be read",
           s.ctl("quarantine", "list"))
    expect("passphrase" in s.log, "the log says what is missing", s.log[-1500:])
    secret = os.path.join(s.dir, "passphrase")
    with open(secret, "w") as f:
        f.write("correct horse battery\n")
    with open(s.conf) as f:
        text = f.read()
    with open(s.conf, "w") as f:
        f.write('key_passphrase_file = "%s"\n' % secret + text)
    os.chmod(secret, 0o644)
    s.once(code=None)
    expect("key_passphrase_file" in s.log and "0600" in s.log and not s.out(), "a readable passphrase file is refused", s.log[-800:])
    os.chmod(secret, 0o600)
    s.once(env={"EMBARGOD_FAKE_TIME": "+7200"})
    f = s.one(s.alice)
    expect(f.signer == s.fpr and report_of(f) == TEXT.rstrip("\n"), "the letter that waited is handled", f.text)
    expect(s.one(s.robin).encrypted and "correct horse" not in s.log, "and acknowledged; the passphrase is in no log")
    new, keys = rotate(s), os.path.join(s.dir, "gnupg", "private-keys-v1.d")
    for name in os.listdir(keys):
        with open(os.path.join(keys, name), "rb") as f:
            expect(b"protected-private-key" in f.read(), "a key made later has that passphrase too", name)
    s.fpr = new
    s.deliver(s.robin.encrypted(s.ADDRESS, "to the new key", TEXT))
    s.once()
    f = s.one(s.alice)
    expect(f.signer == new and report_of(f) == TEXT.rstrip("\n"), "it reads and signs", f.text)


STORIES = [inline_pgp, mangled_mime, signatures, hidden_recipients, headers_and_keys, rotated_key, protected_key]
SETUP = {}

if __name__ == "__main__":
    sys.exit(main(STORIES, SETUP))
