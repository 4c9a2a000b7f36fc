#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is published, as the world gets it: requirements 1 to 20 of CSAF 2.0, section 7.1, one by one, over HTTPS from a real nginx with the
configuration that we install; and what embargoctl site says of it."""
import hashlib
import json
import os
import re
import shutil
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from gateway import expect  # noqa: E402
from nginx import Nginx, Unavailable  # noqa: E402
from publish import CASE, PLAIN, Publishing  # noqa: E402
from story import Daemon, main  # noqa: E402

HOST, DOMAIN = "security.pumps.example", "pumps.example"
CSAF = "/.well-known/csaf/"
HEADERS = {"content-security-policy": "default-src 'none'", "x-content-type-options": "nosniff", "referrer-policy": "no-referrer",
           "strict-transport-security": "max-age=31536000", "access-control-allow-origin": "*"}


def publish(s):
    fw = s.begin()
    r = s.command(s.alice, "#publish\n", fw)
    expect("FAILED" not in r.text, "published", r.text)
    s.quiet()
    return fw


def is_sound(s):
    """embargoctl site check: no faults in what the daemon made; a changed byte, a foreign signature, a lost file are faults."""
    publish(s)
    said = s.ctl("site", "check")
    expect("0 faults, 0 warnings; 3 signatures are good" in said, "sound", said)
    page = os.path.join(s.dir, "site", "current")
    said = s.ctl("site", "check", page)
    expect("0 faults, 0 warnings; 3 signatures are good" in said, "a tree of it", said)
    copy = os.path.join(s.root, "copy")

    def broken(path, change, *words):
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(page, copy)
        with open(os.path.join(copy, path), "rb") as f:
            data = f.read()
        os.remove(os.path.join(copy, path))
        if change:
            with open(os.path.join(copy, path), "wb") as f:
                f.write(change(data))
        got = s.ctl("site", "check", copy, code=1)
        for word in words:
            expect("FAULT: " in got and word in got, "the check says " + word, got)

    doc = s.csaf_path()
    broken(doc, lambda d: d.replace(b"4711", b"4712"), doc + ".asc: the signature is not good: it does not fit", doc + ".sha512: it is not the hash")
    broken(doc + ".asc", None, doc + ".asc: it is missing")
    broken("advisories/%s.txt.asc" % CASE, lambda d: d.replace(b"4711", b"4712"), "advisories/%s.txt.asc: the signature is not good" % CASE)
    out, _, _ = s.robin.gpg("--pinentry-mode", "loopback", "--passphrase", "", "--armor", "--detach-sign", "--output", "-", os.path.join(page, doc), check=False, status=True)
    foreign = out if isinstance(out, bytes) else out.encode()
    expect(b"BEGIN PGP SIGNATURE" in foreign, "a foreign signature", foreign)
    broken(doc + ".asc", lambda d: foreign[foreign.index(b"-----BEGIN"):], "no key of ours")
    broken("index.html", lambda d: d.replace(b"</main>", b"<img src=\"https://tracker.example/x\"></main>"), "index.html: it requests https://tracker.example/x")
    said = s.ctl("site", "check", os.path.join(s.root, "nowhere"), code=1)
    expect("No such file" in said, "nothing there", said)


def is_built_again(s):
    """embargoctl site build: the same site, from the store, beside a running daemon."""
    publish(s)
    other = os.path.join(s.root, "other")
    with Daemon(s) as d:
        d.says("keys ready")
        said = s.ctl("site", "build", other)
        expect("1 advisories" in said, "built", said)
        said = s.ctl("site", "build")
        expect("1 advisories" in said, "the one that is served", said)
    expect("0 faults, 0 warnings; 3 signatures" in s.ctl("site", "check", other), "the copy is sound")
    ours, theirs = (tree(os.path.join(x, "current")) for x in (os.path.join(s.dir, "site"), other))
    ours.pop(CSAF[1:] + "provider-metadata.json"), theirs.pop(CSAF[1:] + "provider-metadata.json")  # its date is that of its making
    expect(ours == theirs and len(ours) > 15, "the same files", sorted(ours), sorted(theirs))


def tree(top):
    found = {}
    for folder, _, names in os.walk(top):
        for name in names:
            path = os.path.join(folder, name)
            with open(path, "rb") as f:
                found[os.path.relpath(path, top)] = hashlib.sha256(f.read()).hexdigest()
    return found


class Requirements:
    """Each method is a requirement of section 7.1, by its number."""

    def __init__(self, s, n):
        self.s, self.n = s, n
        self.path = "/" + s.csaf_path()
        self.body = self.ok(self.path, "application/json")
        self.doc = json.loads(self.body)
        self.provider = json.loads(self.ok(CSAF + "provider-metadata.json", "application/json"))
        self.feed = json.loads(self.ok(CSAF + "feed-tlp-white.json", "application/json"))["feed"]

    def ok(self, path, kind, host=HOST):
        status, headers, body = self.n.get(host, path)
        expect(status == 200 and headers.get("content-type") == kind, "%s: 200, %s" % (path, kind), status, headers)
        if host == HOST:
            for name, value in HEADERS.items():
                expect(value in headers.get(name, ""), "%s has %s" % (path, name), headers)
        return body

    def local(self, url):
        expect(url.startswith("https://%s/" % HOST), "an address of ours", url)
        return url[len("https://" + HOST):]

    def r1(self):
        # the official validator sees such documents in test_csaf_validator.py, our own tests each one before it is published
        expect(self.doc["document"]["csaf_version"] == "2.0" and "0 faults" in self.s.ctl("site", "check"), "a valid document")

    def r2(self):
        expect(os.path.basename(self.path) == re.sub(r"[^+\-a-z0-9]+", "_", self.doc["document"]["tracking"]["id"].lower()) + ".json", "file name", self.path)

    def r3(self):
        for path in (self.path, CSAF + "provider-metadata.json"):
            status, headers, body = self.n.get(HOST, path, tls=False)
            expect(status == 301 and headers["location"] == "https://%s%s" % (HOST, path) and b"document" not in body, "nothing in clear", status, headers)

    def r4(self):
        expect(self.doc["document"]["distribution"]["tlp"]["label"] == "WHITE", "freely accessible: there is no login", self.doc["document"])

    def r5(self):
        for label in ("green", "amber", "red"):
            expect(self.n.get(HOST, CSAF + label + "/")[0] == 404, "nothing that is not WHITE is on the site")

    def r6(self):
        for path in ["/", CSAF + "provider-metadata.json", self.path, CSAF + "white/index.txt", "/.well-known/security.txt"]:
            expect(self.n.get(HOST, path)[0] == 200, path + " is no redirect")

    def r7(self):
        p = self.provider
        expect(p["role"] == "csaf_trusted_provider" and p["metadata_version"] == "2.0" and p["canonical_url"] == "https://%s%sprovider-metadata.json" % (HOST, CSAF),
               "role and address", p)
        expect(p["list_on_CSAF_aggregators"] is True and p["mirror_on_CSAF_aggregators"] is True and re.fullmatch(r"[\d-]{10}T[\d:]{8}Z", p["last_updated"]), "form", p)
        expect(p["publisher"] == self.doc["document"]["publisher"], "the publisher is that of the documents", p)

    def r8(self):
        text = self.ok("/.well-known/security.txt", "text/plain; charset=utf-8")
        expect(self.s.good(text), "signed by us")
        expect(("\nCSAF: https://%s%sprovider-metadata.json\n" % (HOST, CSAF)).encode() in text and b"\nExpires: " in text and b"\nContact: mailto:" in text, "fields", text)

    def r9(self):
        expect(self.n.get(HOST, CSAF + "provider-metadata.json")[0] == 200, "well-known URL")

    def r10(self):
        # the DNS record itself is the site's business; the server behind it is here
        expect(json.loads(self.ok("/", "application/json", "csaf.data.security." + DOMAIN)) == self.provider, "DNS path")
        expect(self.n.get("csaf.data.security." + DOMAIN, "/index.html")[0] == 404, "and nothing else")

    def r11(self):
        year = self.doc["document"]["tracking"]["initial_release_date"][:4]
        expect(os.path.dirname(self.path).endswith("/white/" + year), "folder of the year", self.path)

    def r12(self):
        lines = self.ok(CSAF + "white/index.txt", "text/plain; charset=utf-8").decode().splitlines()
        expect([CSAF + "white/" + x for x in lines] == [self.path], "index.txt", lines)

    def r13(self):
        t = self.doc["document"]["tracking"]
        lines = self.ok(CSAF + "white/changes.csv", "text/csv; charset=utf-8").decode().splitlines()
        expect(lines == ["\"%s\",\"%s\"" % (self.path[len(CSAF + "white/"):], t["current_release_date"])], "changes.csv", lines)

    def r14(self):
        listing = self.ok(os.path.dirname(self.path) + "/", "text/html; charset=utf-8")
        expect(os.path.basename(self.path).encode() in listing, "the folder is listed", listing)
        for path in ("/advisories/", "/.well-known/openpgpkey/hu/", CSAF):
            expect(self.n.get(HOST, path)[0] in (403, 404), path + " is not")
        expect(any(d.get("directory_url") == "https://%s%swhite/" % (HOST, CSAF) for d in self.provider["distributions"]), "and given", self.provider)

    def entry(self):
        expect(len(self.feed["entry"]) == 1, "one entry", self.feed)
        return self.feed["entry"][0]

    def r15(self):
        e, t = self.entry(), self.doc["document"]["tracking"]
        expect(e["content"] == {"type": "application/json", "src": "https://" + HOST + self.path} and e["id"] == CASE, "entry", e)
        expect((e["published"], e["updated"]) == (t["initial_release_date"], t["current_release_date"]) and self.feed["updated"] == e["updated"], "dates", e)
        expect(self.feed["category"] == [{"scheme": "urn:ietf:params:rolie:category:information-type", "term": "csaf"}], "category", self.feed)
        feeds = [f for d in self.provider["distributions"] for f in d.get("rolie", {}).get("feeds", [])]
        expect([(f["tlp_label"], f["url"]) for f in feeds] == [("WHITE", "https://%s%sfeed-tlp-white.json" % (HOST, CSAF))], "the feed is given", feeds)

    def r16(self):
        service = json.loads(self.ok(CSAF + "service.json", "application/json"))["service"]["workspace"][0]["collection"]
        expect([c["href"] for c in service] == ["https://%s%sfeed-tlp-white.json" % (HOST, CSAF)], "service document", service)

    def r17(self):
        expect(not any("categories" in d.get("rolie", {}) for d in self.provider["distributions"]), "optional: there is none, and none is given", self.provider)

    def r18(self):
        hashes = [self.local(x["href"]) for x in self.entry()["link"] if x["rel"] == "hash"]
        expect(hashes == [self.path + ".sha256", self.path + ".sha512"], "both are in the feed", hashes)
        for path in hashes:
            text = self.ok(path, "text/plain; charset=utf-8").decode()
            expect(text == "%s  %s\n" % (hashlib.new(path[-6:], self.body).hexdigest(), os.path.basename(self.path)), "hash", text)

    def r19(self):
        signature = [self.local(x["href"]) for x in self.entry()["link"] if x["rel"] == "signature"]
        expect(signature == [self.path + ".asc"], "in the feed", signature)
        expect(self.s.good(self.ok(signature[0], "text/plain; charset=utf-8"), self.body), "a good signature of ours")

    def r20(self):
        key = self.provider["public_openpgp_keys"][0]
        armored = self.ok(self.local(key["url"]), "text/plain; charset=utf-8")
        expect(key["fingerprint"] == self.s.fpr and b"BEGIN PGP PUBLIC KEY BLOCK" in armored, "key", key)
        out, err, code = self.s.carol.gpg("--import", os.path.join(self.s.dir, "site", "current", self.local(key["url"])[1:]), check=False, status=True)
        expect(code == 0 and self.s.fpr in (err if isinstance(err, str) else err.decode()), "it can be imported", err)


def wkd(s, n):
    """Both methods give the binary key of our address, to programs in browsers too."""
    hashed = "t5s8ztdbon8yzntexy6oz5y48etqsnbb"  # security@
    for host, path in ((HOST, "/.well-known/openpgpkey/hu/" + hashed), ("openpgpkey." + DOMAIN, "/.well-known/openpgpkey/%s/hu/%s" % (DOMAIN, hashed))):
        status, headers, body = n.get(host, path + "?l=security")
        expect(status == 200 and headers["content-type"] == "application/octet-stream" and headers["access-control-allow-origin"] == "*", "key", status, headers)
        expect(body[0] & 0x80, "binary", body[:20])
        status, _, body = n.get(host, path.rsplit("/hu/", 1)[0] + "/policy")
        expect(status == 200, "policy", status)
    expect(n.get("openpgpkey." + DOMAIN, "/index.html")[0] == 404, "and nothing else there")


def served(s):
    """Requirements 1 to 20, WKD, pages, and that a switch of the site is seen at once."""
    fw = publish(s)
    try:
        server = Nginx(os.path.join(s.root, "nginx"), os.path.join(s.dir, "site"), HOST, DOMAIN)
    except Unavailable as e:
        print("skipped: %s" % e)
        sys.exit(77)
    with server as n:
        r = Requirements(s, n)
        met = 0
        for number in range(1, 21):
            getattr(r, "r%d" % number)()
            met += 1
        print("CSAF 2.0, section 7.1: %d of 20 requirements met" % met)
        wkd(s, n)
        for path, kind in (("/", "text/html; charset=utf-8"), ("/advisories/%s.html" % CASE, "text/html; charset=utf-8"), ("/feed.atom", "application/atom+xml"),
                           ("/advisories/%s.txt.asc" % CASE, "text/plain; charset=utf-8")):
            r.ok(path, kind)
        status, headers, _ = n.get(HOST, "/no/such/page")
        expect(status == 404 and HEADERS["content-security-policy"] in headers.get("content-security-policy", ""), "404 has the headers too", status, headers)
        expect("nginx/" not in headers.get("server", ""), "no version", headers)
        said = s.command(s.alice, "#fix 2.5\n#revise\nVersion 2.5 is out.\n#end\n", fw)
        expect("FAILED" not in said.text, "revised", said.text)
        expect(json.loads(n.get(HOST, r.path)[2])["document"]["tracking"]["version"] == "2", "the new site is served")
        for number in (1, 13, 18, 19):
            getattr(Requirements(s, n), "r%d" % number)()


STORIES = [is_sound, is_built_again, served]
SETUP = {f: {"story": Publishing, "extra": PLAIN} for f in STORIES}

if __name__ == "__main__":
    sys.exit(main(STORIES, SETUP))
