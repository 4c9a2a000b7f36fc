# SPDX-License-Identifier: GPL-3.0-or-later
"""People with mail programs: each has a GnuPG home of their own, writes PGP/MIME (RFC 3156) and reads what they get."""
import atexit
import email
import email.policy
import os
import re
import shutil
import subprocess
import tempfile
import time
from email.message import EmailMessage

CRLF = email.policy.SMTP
NO_GPG_ENV = ("GNUPGHOME", "GPG_AGENT_INFO")


def crlf(b):
    return re.sub(rb"\r?\n", b"\r\n", b)


class GpgError(Exception):
    pass


class _Homes:
    """GnuPG homes with one fresh key each, as they were made: the next story's person of that name takes one that is free over."""

    def __init__(self):
        self.folder, self.free = None, {}

    def take(self, kind, home):
        if not self.free.get(kind):
            return None
        made = self.free[kind].pop()
        shutil.copytree(made[0], home, dirs_exist_ok=True)
        return made

    def keep(self, home, fpr, public):
        if not self.folder:
            self.folder = tempfile.mkdtemp(prefix="homes-")
            atexit.register(shutil.rmtree, self.folder, ignore_errors=True)
        copy = tempfile.mkdtemp(dir=self.folder)
        shutil.copytree(home, copy, dirs_exist_ok=True, ignore=lambda folder, names: [
            n for n in names if n.startswith(("S.", ".#")) or n.endswith(".lock")])
        return copy, fpr, public

    def give(self, kind, made):
        self.free.setdefault(kind, []).append(made)


HOMES = _Homes()


class Person:
    """expire: gpg's form, '2y', 'seconds=1', '0'."""
    kind, made, unread, agent = None, None, (), False

    def __init__(self, root, name, address, expire="2y", key=True):
        self.name, self.address = name, address
        self.home = os.path.join(root, re.sub(r"\W", "", name.lower()))
        os.makedirs(self.home, mode=0o700, exist_ok=True)
        self.fpr = ""
        self.kind = (name, address) if expire == "2y" else None
        if key:
            self.key_file = os.path.join(root, os.path.basename(self.home) + ".asc")
            with open(self.key_file, "wb") as f:
                f.write(self._key(expire))

    def _key(self, expire):
        self.made = HOMES.take(self.kind, self.home) if self.kind else None
        if self.made:
            self.fpr = self.made[1]
            return self.made[2]
        self.gpg("--quick-gen-key", "%s <%s>" % (self.name, self.address), "future-default", "default", expire)
        self.fpr = self.fingerprint(self.address)
        public = self.gpg("--armor", "--export", self.fpr)
        self.made = HOMES.keep(self.home, self.fpr, public) if self.kind else None
        return public

    def gpg(self, *args, data=b"", check=True, status=False):
        unread, self.unread = self.unread, ()
        for key in unread:
            self.gpg("--import", data=key)
        self.agent = self.agent or args[0] != "--import"
        env = {k: v for k, v in os.environ.items() if k not in NO_GPG_ENV}
        env["LC_ALL"] = "C.UTF-8"
        cmd = ["gpg", "--homedir", self.home, "--batch", "--yes", "--quiet", "--no-tty", "--trust-model", "always",
               "--pinentry-mode", "loopback", "--passphrase", ""]
        p = subprocess.run(cmd + (["--status-fd", "2"] if status else []) + list(args), input=data, capture_output=True, env=env)
        if check and p.returncode:
            raise GpgError("gpg %s: %s" % (args[:3], p.stderr.decode(errors="replace")))
        return (p.stdout, p.stderr.decode(errors="replace"), p.returncode) if status else p.stdout

    def fingerprint(self, who):
        out = self.gpg("--with-colons", "--list-keys", who).decode()
        return next(line.split(":")[9] for line in out.splitlines() if line.startswith("fpr:"))

    def learn(self, key_bytes):
        """Imported when it is first of use: many people in many stories never write."""
        self.unread += (key_bytes,)

    def public(self):
        return self.gpg("--armor", "--export", self.fpr)

    def end(self):
        if self.agent:
            subprocess.run(["gpgconf", "--homedir", self.home, "--kill", "all"], capture_output=True)
        if self.made:
            HOMES.give(self.kind, self.made)
            self.made = None

    # ---- writing ----
    def draft(self, to, subject, text, attachments=(), message_id=None, reply_to=None, headers=()):
        m = EmailMessage(policy=CRLF)
        m["From"] = "%s <%s>" % (self.name, self.address)
        m["To"] = to
        m["Subject"] = subject
        m["Date"] = email.utils.formatdate(time.time())
        m["Message-ID"] = message_id or email.utils.make_msgid(domain=self.address.split("@")[1])
        if reply_to is not None:
            m["In-Reply-To"] = reply_to["Message-ID"]
            m["References"] = ((reply_to["References"] or "") + " " + reply_to["Message-ID"]).strip()
        for k, v in headers:
            m[k] = v
        m.set_content(text, cte="quoted-printable")
        for filename, data in attachments:
            if filename.endswith(".asc") and b"PUBLIC KEY" in data:
                m.add_attachment(data, maintype="application", subtype="pgp-keys", filename=filename)
            else:
                m.add_attachment(data, maintype="application", subtype="octet-stream", filename=filename)
        return m

    def plain(self, *a, **k):
        return crlf(self.draft(*a, **k).as_bytes())

    def _split(self, m, protect):
        """The headers of the letter and the entity that is signed."""
        whole = m.as_bytes()  # makes the boundary
        outer, inner = [], []
        for k, v in m.items():
            (inner if k.lower().startswith("content-") or k.lower() == "mime-version" else outer).append((k, v))
        body = crlf(whole).split(b"\r\n\r\n", 1)[1]
        lines = []
        for k, v in inner:
            if k.lower() == "mime-version":
                continue
            v = re.sub(r"\s*\r?\n\s*", " ", str(v))
            if k.lower() == "content-type" and protect:
                v += '; protected-headers="v1"'
            lines.append("%s: %s" % (k, v))
        if protect:
            lines += ["%s: %s" % (k, v) for k, v in outer if k in ("Subject", "From", "To", "Message-ID", "Autocrypt")]
        return outer, crlf("\r\n".join(lines).encode() + b"\r\n\r\n" + body)

    @staticmethod
    def _headers(outer, hide):
        out = []
        for k, v in outer:
            out.append("%s: %s" % (k, "..." if hide and k == "Subject" else re.sub(r"\s*\r?\n\s*", " ", str(v))))
        return "\r\n".join(out).encode() + b"\r\nMIME-Version: 1.0\r\n"

    def signed(self, *a, protect=True, **k):
        outer, entity = self._split(self.draft(*a, **k), protect)
        sig = crlf(self.gpg("--armor", "--digest-algo", "SHA512", "--detach-sign", "-u", self.fpr, data=entity))
        b = b"=-sig-%d" % time.time_ns()
        return (self._headers(outer, False) +
                b'Content-Type: multipart/signed; micalg="pgp-sha512"; protocol="application/pgp-signature"; boundary="' + b +
                b'"\r\n\r\n--' + b + b"\r\n" + entity + b"\r\n--" + b +
                b'\r\nContent-Type: application/pgp-signature; name="signature.asc"\r\n\r\n' + sig + b"\r\n--" + b + b"--\r\n")

    def encrypted(self, *a, sign=True, protect=True, recipients=None, extra=(), **k):
        """recipients: fingerprints; the default is the mailbox's key that was learnt last."""
        outer, entity = self._split(self.draft(*a, **k), protect)
        args = ["--armor", "--encrypt"] + (["--sign", "-u", self.fpr] if sign else []) + list(extra)
        for r in recipients or [self.fingerprint(a[0])]:
            args += ["-r", r]
        return self.wrap(outer, self.gpg(*args, data=entity))

    def wrap(self, outer, armored):
        b = b"=-enc-%d" % time.time_ns()
        return (self._headers(outer, True) +
                b'Content-Type: multipart/encrypted; protocol="application/pgp-encrypted"; boundary="' + b + b'"\r\n\r\n--' + b +
                b"\r\nContent-Type: application/pgp-encrypted\r\n\r\nVersion: 1\r\n\r\n--" + b +
                b'\r\nContent-Type: application/octet-stream; name="encrypted.asc"\r\n\r\n' + crlf(armored) + b"\r\n--" + b + b"--\r\n")

    # ---- reading ----
    def open(self, raw):
        """Opens a letter of the gateway as a mail program does. Gives an Opened; raises when it cannot be read."""
        return Opened(self, raw)


class Opened:
    def __init__(self, who, raw):
        self.raw = raw
        self.outer = email.message_from_bytes(raw, policy=email.policy.default)
        self.inner, self.encrypted, self.signer = self.outer, False, ""
        kind = self.outer.get_content_type()
        if kind == "multipart/encrypted":
            out, err, code = who.gpg("--decrypt", data=self.outer.get_payload()[1].get_payload().encode(), check=False, status=True)
            if "DECRYPTION_OKAY" not in err:
                raise GpgError(err)
            self.encrypted = True
            self._signer(err)
            self.inner = email.message_from_bytes(out, policy=email.policy.default)
        elif kind == "multipart/signed":
            boundary = self.outer.get_boundary().encode()
            part = crlf(raw).split(b"\r\n--" + boundary)[1].split(b"\r\n", 1)[1]
            sig = self.outer.get_payload()[1].get_payload()
            with tempfile.NamedTemporaryFile() as f:
                f.write(sig.encode())
                f.flush()
                out, err, code = who.gpg("--verify", f.name, "-", data=part, check=False, status=True)
            self._signer(err)
            self.inner = email.message_from_bytes(part, policy=email.policy.default)

    def _signer(self, status):
        m = re.search(r"VALIDSIG \S+ .*?(\S{40})\s*$", status, re.M)
        self.signer = m.group(1) if m else ""

    def __getitem__(self, header):
        return self.inner[header] if header.lower() in ("subject",) and self.inner[header] else self.outer[header]

    @property
    def subject(self):
        return self["Subject"]

    @property
    def text(self):
        b = self.inner.get_body(("plain",))
        return b.get_content().replace("\r\n", "\n") if b else ""

    @property
    def attachments(self):
        return {p.get_filename(): p.get_payload(decode=True) for p in self.inner.walk() if p.get_filename()}

    def quoted(self):
        return "\n".join("> " + line for line in self.text.splitlines())
