#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Publishing: #publish, its preview and its approval, the instant, the site, the notices, #revise, #withdraw."""
import hashlib
import json
import os
import re
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from gateway import expect  # noqa: E402
from story import Story, main  # noqa: E402

CASE, DAY = "EMB-2026-0001", 86400
CONF = "site_url = \"https://security.pumps.example\"\nclock_unsynchronised = ignore\nembargo_days = 0\n"
FACTS = """#take
#validate
#accept
#title Firmware update without signature check
#product "Pump 9" 1.0 - 2.3
#description
The update service installs any image.
#end
#impact
Whoever reaches the port can change the rate of an infusion.
#end
#mitigation
Block TCP port 4711.
#end
#fix 2.4
#cve CVE-2026-12345
#cwe CWE-347
#cvss CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H
#credit Robin Reporter
#reference https://pumps.example/fix The fix
#advisory
# Details

Images are *not* checked; see [the fix](https://pumps.example/fix).
#end
"""


class Publishing(Story):
    """Carol is a second lead; an ISAC and a customer beside fda and cisa."""

    def init(self, analysts, stakeholders=(), **k):
        self.carol = self.person("Carol Second", "carol@pumps.example")
        self.isac = self.person("Health ISAC", "alerts@isac.example")
        self.ward = self.person("Klinikum", "it@klinikum.example")
        return super().init(list(analysts) + [(self.carol, "carol", "lead")],
                            list(stakeholders) + [(self.isac, "isac", "isac"), (self.ward, "klinikum", "customer")], **k)

    def begin(self):
        """A case with all that an advisory needs. Gives the mail that commands answer."""
        self.deliver(self.report())
        self.once()
        fw = self.one(self.alice)
        r = self.command(self.alice, FACTS, fw)
        expect("FAILED" not in r.text, "the facts are set", r.text)
        self.quiet()
        return fw

    def quiet(self):
        for p in self.people:
            self.fresh(p)

    def at(self, seconds, **k):
        self.once(env=dict(k, EMBARGOD_FAKE_TIME="+%d" % seconds))

    def page(self, path):
        return os.path.join(self.dir, "site", "current", path)

    def read(self, path):
        with open(self.page(path), "rb") as f:
            return f.read()

    def pages(self):
        return sorted(x for x in os.listdir(self.page("advisories"))) if os.path.isdir(self.page("advisories")) else []

    def csaf_path(self, case=CASE):
        return ".well-known/csaf/white/%s/%s.json" % (time.strftime("%Y", time.gmtime()), case.lower())

    def good(self, signed, text=None):
        """The signature is ours and good."""
        with tempfile.NamedTemporaryFile(dir=self.root) as f, tempfile.NamedTemporaryFile(dir=self.root) as g:
            f.write(signed), f.flush()
            if text is None:
                out, err, code = self.alice.gpg("--verify", f.name, check=False, status=True)
            else:
                g.write(text), g.flush()
                out, err, code = self.alice.gpg("--verify", f.name, g.name, check=False, status=True)
        return code == 0 and self.fpr in err

    def approve(self, who, r, about):
        return self.command(who, "#approve %s\n" % token(r), about)


def token(r):
    m = re.search(r"#approve ([a-z2-7]{16})", r.text)
    expect(m, "a token", r.text)
    return m.group(1)


def mine(mails, words):
    got = [m for m in mails if words in m.subject]
    expect(len(got) == 1, "one mail \"%s\"" % words, *[m.subject for m in mails])
    return got[0]


def two_persons(s):
    """The site is there from the start; preview, what waits, and what is published are the same documents; a second lead approves; then
    everything follows at once: pages, signatures, facts, notices."""
    fw = s.begin()
    expect(s.pages() == [] and CASE.encode() not in s.read("index.html"), "an empty list", s.read("index.html"))
    expect(s.good(s.read(".well-known/security.txt")), "security.txt is signed by us", s.read(".well-known/security.txt"))
    r = s.command(s.alice, "#preview publish\n", fw)
    expect("FAILED" not in r.text and "preview only" in r.text, "previewed", r.text)
    before = s.show()
    s.quiet()
    s.deliver(s.alice.encrypted(s.ADDRESS, "Re: " + fw.subject, "#publish\n\n" + fw.quoted(), reply_to=fw))
    s.once()
    got = s.fresh(s.alice)
    asked, r = mine(got, "waits for approval"), mine(got, "Receipt")
    expect("TLP:CLEAR" in r.text and "second person" in r.text, "the receipt says what and who", r.text)
    names = sorted(asked.attachments)
    expect(names == [CASE + ".html", CASE + ".txt", CASE.lower() + ".json"], "documents", names)
    expect(s.pages() == [] and s.show()["facts"] == before["facts"], "nothing has happened yet")
    to_carol = mine(s.fresh(s.carol), "Waits for your release: publish by alice")
    expect(to_carol.attachments == asked.attachments and "Block TCP port 4711" in to_carol.text, "who approves sees the same", to_carol.text)
    refused = s.command(s.alice, "#approve %s\n" % token(r), fw)
    expect("FAILED" in refused.text and "second person" in refused.text, "not by who asked", refused.text)
    refused = s.command(s.bob, "#approve %s\n" % token(r), fw)
    expect("FAILED" in refused.text and "lead" in refused.text, "nor by who is no lead", refused.text)
    s.quiet()
    ok = s.approve(s.carol, r, to_carol)
    expect("FAILED" not in ok.text and "version 1 of the advisory is published now" in ok.text, "approved", ok.text)
    expect(s.pages() == [CASE + x for x in (".html", ".txt", ".txt.asc")], "pages", s.pages())
    text, html = s.read("advisories/%s.txt" % CASE), s.read("advisories/%s.html" % CASE)
    csaf = json.loads(s.read(s.csaf_path()))
    expect(s.good(s.read("advisories/%s.txt.asc" % CASE)), "the text is signed")
    expect(s.good(s.read(s.csaf_path() + ".asc"), s.read(s.csaf_path())), "so is the CSAF document")
    digest = hashlib.sha256(s.read(s.csaf_path())).hexdigest()
    expect(digest.encode() in s.read(s.csaf_path() + ".sha256"), "hash")
    tracking = csaf["document"]["tracking"]
    expect(tracking["status"] == "final" and tracking["version"] == "1" and csaf["document"]["distribution"]["tlp"]["label"] == "WHITE", "CSAF", tracking)
    shown = json.loads(asked.attachments[CASE.lower() + ".json"])
    for where in ("initial_release_date", "current_release_date"):
        expect(shown["document"]["tracking"].pop(where) <= tracking.pop(where), where)
    shown["document"]["tracking"].pop("revision_history"), tracking.pop("revision_history")
    shown["vulnerabilities"], csaf["vulnerabilities"] = [re.sub(r"\d{4}-\d\d-\d\d[T ][\d:]+Z?", "", json.dumps(x["vulnerabilities"])) for x in (shown, csaf)]
    expect(shown == csaf, "but for the instant what was shown is what is published", shown, csaf)
    expect(b"Images are <em>not</em> checked" in html and b"DRAFT" not in text and b"TLP:CLEAR" in text, "page and text", html)
    expect(CASE.encode() in s.read("index.html") and CASE.encode() in s.read("feed.atom"), "list and feed")
    after = s.show()
    expect(after["facts"][3] == "P" and {f["name"]: f["value"] for f in after["fields"]}["tlp"] == "CLEAR", "facts", after)
    url = "https://security.pumps.example/advisories/%s.html" % CASE
    m = s.one(s.robin)
    expect(m.encrypted and m.signer == s.fpr and "Thank you" in m.text and url in m.text and "CVE-2026-12345" in m.text and "Robin Reporter" in m.text, "thanks", m.text)
    for p in (s.isac, s.ward, s.cisa):
        m = s.one(p, p.name)
        expect(m.encrypted and "TLP:CLEAR Advisory published" in m.subject and url in m.text and "2.4" in m.text, "notice", m.text)
    expect(not s.fresh(s.fda), "the regulator, who is no part of the case, is not in publish_notify")
    told = mine(s.fresh(s.alice), "Published: version 1")
    expect("isac <alerts@isac.example>" in told.text and "reporter" not in told.text and "robin@lab.example" in told.text and "NOT told" not in told.text, "who was told", told.text)
    expect("public since" in s.ctl("show", CASE) and "publication.out" in s.ctl("show", CASE), "the history")
    expect(s.ctl("advisory", "export", CASE, "--format", "text").encode() == text and "Version 1, published" in s.ctl("advisory", "show", CASE), "embargoctl")
    expect("version 1  published" in s.ctl("advisory", "list"), "the list", s.ctl("advisory", "list"))
    s.quiet()
    s.once(), s.at(3600)
    expect(not [m for p in s.people for m in s.fresh(p) if "ublish" in m.subject], "nothing twice")
    r = s.command(s.alice, "#publish\n", fw)
    expect("FAILED" in r.text and "#revise" in r.text, "a second time is a revision", r.text)


STORIES = [two_persons]
SETUP = {f: {"story": Publishing, "extra": CONF} for f in STORIES}

if __name__ == "__main__":
    sys.exit(main(STORIES, SETUP))
