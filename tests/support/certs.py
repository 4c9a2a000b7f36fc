# SPDX-License-Identifier: GPL-3.0-or-later
"""Throw-away certificates for the test servers, made by openssl.

    from certs import Certs
    c = Certs(folder)        # makes the files when they are missing, 0.2 s
    c.ca                     # the CA's certificate: what a client is told to trust
    c.good.cert, c.good.key  # for localhost, 127.0.0.1 and ::1, signed by the CA
    c.wrong_host             # signed by the CA, for mail.example.net
    c.self_signed            # for localhost, signed by itself
    c.expired                # for localhost, signed by the CA, no longer valid
    c.good.pin               # base64 of the SHA-256 of the public key: tls_fingerprint

As a program: python3 certs.py FOLDER
"""
import base64
import hashlib
import os
import shutil
import subprocess
import sys

LOCALHOST = "DNS:localhost,IP:127.0.0.1,IP:::1"


def have_openssl():
    return shutil.which("openssl") is not None


def _openssl(*args, data=None):
    run = subprocess.run(["openssl", *args], input=data, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    if run.returncode != 0:
        raise RuntimeError("openssl %s: %s" % (args[0], run.stderr.decode(errors="replace")))
    return run.stdout


class Pair:
    """One certificate and its key; both are PEM files."""

    def __init__(self, folder, name):
        self.cert = os.path.join(folder, name + ".crt")
        self.key = os.path.join(folder, name + ".key")

    @property
    def pin(self):
        der = _openssl("pkey", "-in", self.key, "-pubout", "-outform", "DER")
        return base64.b64encode(hashlib.sha256(der).digest()).decode()

    @property
    def both(self):
        """One file with the key and the certificate, as some servers want it."""
        path = self.cert[:-4] + ".pem"
        if not os.path.exists(path):
            with open(os.open(path, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "wb") as out:
                for part in (self.key, self.cert):
                    with open(part, "rb") as f:
                        out.write(f.read())
        return path


class Certs:
    def __init__(self, folder):
        self.folder = os.path.abspath(folder)
        os.makedirs(self.folder, exist_ok=True)
        self._ca = Pair(self.folder, "ca")
        self.ca = self._ca.cert
        self.good = Pair(self.folder, "good")
        self.wrong_host = Pair(self.folder, "wrong-host")
        self.self_signed = Pair(self.folder, "self-signed")
        self.expired = Pair(self.folder, "expired")
        done = os.path.join(self.folder, "done")
        if not os.path.exists(done):
            self._make()
            with open(done, "w"):
                pass

    def _make(self):
        self._self_signed(self._ca, "/CN=embargod test CA", ["basicConstraints=critical,CA:TRUE",
                                                             "keyUsage=critical,keyCertSign,cRLSign"])
        self._signed(self.good, "localhost", LOCALHOST, 30)
        self._signed(self.wrong_host, "mail.example.net", "DNS:mail.example.net", 30)
        self._signed(self.expired, "localhost", LOCALHOST, -1)
        self._self_signed(self.self_signed, "/CN=localhost", ["basicConstraints=critical,CA:FALSE",
                                                              "subjectAltName=" + LOCALHOST])

    def for_names(self, *names):
        """Signed by the CA for these host names; made when it is asked for."""
        pair = Pair(self.folder, names[0])
        self._signed(pair, names[0], ",".join("DNS:" + name for name in names), 30)
        return pair

    def _key(self, pair):
        pem = _openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256")
        with open(os.open(pair.key, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "wb") as out:
            out.write(pem)

    def _self_signed(self, pair, subject, extensions):
        self._key(pair)
        args = ["req", "-new", "-x509", "-sha256", "-days", "30", "-key", pair.key, "-subj", subject,
                "-config", os.devnull, "-out", pair.cert]
        for extension in extensions:
            args += ["-addext", extension]
        _openssl(*args)

    def _signed(self, pair, name, alt, days):
        self._key(pair)
        request = pair.cert[:-4] + ".csr"
        extensions = pair.cert[:-4] + ".ext"
        with open(extensions, "w") as out:
            out.write("basicConstraints=critical,CA:FALSE\nsubjectAltName=%s\nextendedKeyUsage=serverAuth\n" % alt)
        _openssl("req", "-new", "-sha256", "-key", pair.key, "-subj", "/CN=" + name, "-config", os.devnull,
                 "-out", request)
        _openssl("x509", "-req", "-sha256", "-days", str(days), "-in", request, "-CA", self.ca,
                 "-CAkey", self._ca.key, "-CAcreateserial", "-extfile", extensions, "-out", pair.cert)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: certs.py FOLDER")
    made = Certs(sys.argv[1])
    for attribute in ("good", "wrong_host", "self_signed", "expired"):
        print(attribute, getattr(made, attribute).cert, getattr(made, attribute).pin)
