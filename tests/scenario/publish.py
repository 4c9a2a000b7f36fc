#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Publishing: #publish, its preview and its approval, the instant, the site, the notices, #revise, #withdraw."""
import fcntl
import hashlib
import json
import os
import re
import shutil
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from gateway import expect  # noqa: E402
from story import Story, main, wait  # noqa: E402

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

    def begin(self, report=None):
        """A case with all that an advisory needs. Gives the mail that commands answer."""
        self.deliver(report or self.report())
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
    expect("FAILED" not in ok.text and "version 1 of the advisory goes out now" in ok.text, "approved", ok.text)
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


def iso(seconds):
    """That many seconds from now, to the minute; and the same as seconds."""
    t = (int(time.time()) + seconds) // 60 * 60
    return time.strftime("%Y-%m-%dT%H:%MZ", time.gmtime(t)), t


def scheduled(s):
    """Not before the embargo's end; with a DATE the preview is byte for byte what is published, at its instant and not before; the embargo
    ends with it, and who keeps it hears of that once. #cancel stops it."""
    fw = s.begin()
    r = s.command(s.alice, "#publish\n", fw)
    expect("FAILED" in r.text and "the embargo" in r.text and "#publish 20" in r.text.replace("\n        ", " "), "the embargo holds", r.text)
    end = re.search(r"#publish (\S+Z)", r.text.replace("\n        ", " ")).group(1).rstrip(")")
    r = s.command(s.alice, "#publish +30d\n", fw)
    expect("FAILED" in r.text, "nor within it", r.text)
    s.quiet()
    s.deliver(s.alice.encrypted(s.ADDRESS, "Re: " + fw.subject, "#preview publish %s\n#publish %s\n\n" % (end, end) + fw.quoted(), reply_to=fw))
    s.once()
    got = s.fresh(s.alice)
    preview, asked, r = mine(got, "Preview: advisory"), mine(got, "waits for approval"), mine(got, "Receipt")
    expect("FAILED" not in r.text and "none but you" not in r.text, "the very end of the embargo; carol is a lead, too", r.text)
    expect(preview.attachments == asked.attachments and len(preview.attachments) == 3, "what is previewed is what waits", preview.attachments)
    ok = s.approve(s.carol, r, fw)
    expect("FAILED" not in ok.text and "#cancel " + token(r) in ok.text.replace("\n        ", " "), "scheduled", ok.text)
    expect("approved, version 1" in s.ctl("pending") and "scheduled for" in s.ctl("show", CASE) and s.ctl_json("pending")[0]["version"] == 1, "listed", s.ctl("pending"))
    r = s.command(s.alice, "#publish %s\n" % end, fw)
    expect("FAILED" in r.text and "one waits already" in r.text, "one at a time", r.text)
    s.once()
    expect(s.pages() == [], "not before its instant")
    s.quiet()
    s.at(89 * DAY, EMBARGOD_FAILPOINT="")
    digest = [m for m in s.fresh(s.alice) if m.subject.startswith("Digest")]
    expect(digest and "Advisories to be published" in digest[0].text and CASE + "  version 1" in digest[0].text, "in the digest", *[m.text for m in digest])
    expect(s.pages() == [], "nor a day before")
    s.quiet()
    s.at(90 * DAY + 60)
    for name, path in ((CASE + ".html", "advisories/%s.html" % CASE), (CASE + ".txt", "advisories/%s.txt" % CASE)):
        expect(s.read(path) == preview.attachments[name], "byte for byte: " + name)
    year = json.loads(preview.attachments[CASE.lower() + ".json"])["document"]["tracking"]["initial_release_date"][:4]
    expect(s.read(".well-known/csaf/white/%s/%s.json" % (year, CASE.lower())) == preview.attachments[CASE.lower() + ".json"], "byte for byte: CSAF")
    expect(s.show()["embargo"] == "Exited" and s.show()["facts"][3] == "P", "the embargo has ended", s.show())
    m = s.one(s.robin, "one mail: it says that no embargo binds")
    expect("Published: the advisory" in m.subject and "No embargo binds you" in m.text, "thanks", m.text)
    expect("published at " not in s.ctl("pending"), "nothing waits any more", s.ctl("pending"))
    s.at(90 * DAY + 3600)
    expect(not [m for p in (s.robin, s.isac) for m in s.fresh(p) if "dvisory" in m.subject and p is s.robin], "told once")
    text, t = iso(100 * DAY)
    s.quiet()
    r = s.command(s.alice, "#impact\nWorse than that.\n#end\n#revise %s It is worse.\n" % text, fw)
    ok = s.approve(s.carol, r, fw)
    expect("FAILED" not in ok.text, "a revision is scheduled", ok.text)
    r = s.command(s.bob, "#cancel %s\n" % token(ok), fw)
    expect("FAILED" not in r.text and "#revise" not in s.ctl("pending"), "and cancelled", r.text)
    s.at(101 * DAY)
    expect(b"Worse than that" not in s.read("advisories/%s.html" % CASE), "not published")


def only_what_was_approved(s):
    """A change of the case before the approval, and one behind it, asks for a new approval; what says nothing to the documents does not.
    #cancel drops what waits. What the documents cannot do without is named."""
    s.deliver(s.report())
    s.once()
    fw = s.one(s.alice)
    r = s.command(s.alice, "#publish\n", fw)
    expect("FAILED" in r.text and "#validate" in r.text, "it is not valid yet", r.text)
    r = s.command(s.alice, "#take\n#validate\n#accept\n#product Pump 1.0 < 2.0 > 3.0\n#fix 1.0\n#publish\n", fw)
    said = re.sub(r"\s+", " ", r.text)
    expect("FAILED" in r.text and "no description: #description + text" in said and "cannot be read" in said, "all gaps at once", r.text)
    expect(s.show()["report"] == "Received", "and nothing of the mail was done", s.show())
    s.command(s.alice, FACTS, fw)
    r = s.command(s.alice, "#publish\n", fw)
    s.command(s.bob, "#note\nAn internal word.\n#end\n#tag urgent\n", fw)
    s.command(s.bob, "#impact\nNothing much.\n#end\n", fw)
    no = s.approve(s.carol, r, fw)
    expect("FAILED" in no.text and "the case has changed since" in no.text and s.pages() == [], "changed before", no.text)
    no = s.command(s.carol, "#approve %s as-shown\n" % token(r), fw)
    expect("FAILED" in no.text and s.pages() == [], "not even as shown", no.text)
    text, t = iso(5 * DAY)
    r = s.command(s.alice, "#cancel %s\n#publish %s\n" % (token(r), text), fw)
    expect("FAILED" not in r.text, "dropped and asked for anew in one mail", r.text)
    expect("FAILED" not in s.approve(s.carol, r, fw).text, "approved")
    s.command(s.bob, "#note\nAnother word.\n#end\n#assign carol\n", fw)
    expect("scheduled for" in s.ctl("show", CASE), "a note changes nothing")
    s.quiet()
    s.deliver(s.bob.encrypted(s.ADDRESS, "Re: " + fw.subject, "#title Quite another title\n\n" + fw.quoted(), reply_to=fw))
    s.once()
    m = mine(s.fresh(s.alice), "NOT published")
    expect("the case has changed since" in m.text and "#publish" in m.text, "told at once", m.text)
    expect("scheduled for" not in s.ctl("show", CASE) and "publication.void" in s.ctl("show", CASE), "its approval holds no longer")
    s.at(6 * DAY)
    expect(s.pages() == [], "and nothing is published")


def revised_and_withdrawn(s):
    """Version 2 with the history, the first day stays; withdrawn: page, CSAF and feed say so. All who had a notice get another one."""
    fw = s.begin()
    r = s.command(s.alice, "#revise\nToo early.\n#end\n", fw)
    expect("FAILED" in r.text and "#publish comes first" in r.text, "nothing to revise", r.text)
    expect("FAILED" not in s.command(s.alice, "#publish\n", fw).text, "published at once: gate_publish = 0")
    record = json.loads(mine(s.fresh(s.bob), "Published: version 1").attachments["cve-record-CVE-2026-12345.json"])
    expect(record["cveMetadata"]["cveId"] == "CVE-2026-12345" and record["cveMetadata"]["state"] == "PUBLISHED", "the CVE record, to be submitted", record)
    expect(json.loads(s.ctl("advisory", "export", CASE, "--format", "cve")) == record, "and kept")
    first = json.loads(s.read(s.csaf_path()))["document"]["tracking"]
    page = s.read("advisories/%s.html" % CASE)
    s.quiet()
    r = s.command(s.alice, "#fix 2.5\n#advisory\nNow with *two* fixes.\n#end\n#revise\nVersion 2.5 has the fix,\ntoo.\n#end\n", fw)
    expect("FAILED" not in r.text and "version 2 of the advisory goes out now" in r.text, "revised", r.text)
    now = json.loads(s.read(s.csaf_path()))["document"]["tracking"]
    expect(now["version"] == "2" and now["initial_release_date"] == first["initial_release_date"] and len(now["revision_history"]) == 2, "history", now)
    expect(now["revision_history"][1]["summary"] == "Version 2.5 has the fix, too." and now["revision_history"][0] == first["revision_history"][0], "its words", now)
    html = s.read("advisories/%s.html" % CASE)
    expect(html != page and b"<em>two</em> fixes" in html and b"Version 2.5 has the fix, too." in html and b"not</em> checked" not in html, "the page", html)
    expect(s.good(s.read(s.csaf_path() + ".asc"), s.read(s.csaf_path())), "signed anew")
    m = s.one(s.robin)
    expect("A new version" in m.subject and "Version 2.5 has the fix, too." in m.text, "reporter", m.text)
    expect("Advisory revised, version 2" in s.one(s.isac).subject and "revised" in s.one(s.ward).subject, "notices")
    s.quiet()
    r = s.command(s.alice, "#withdraw It was another product altogether.\n", fw)
    expect("FAILED" not in r.text and s.pages() == [CASE + x for x in (".html", ".txt", ".txt.asc")], "withdrawn; its page stays", r.text)
    html, csaf = s.read("advisories/%s.html" % CASE), json.loads(s.read(s.csaf_path()))
    expect(b"ithdrawn" in html and b"another product altogether" in html, "the page says so", html)
    expect(csaf["document"]["tracking"]["version"] == "3" and "Withdrawn: It was another product" in json.dumps(csaf), "CSAF", csaf["document"]["tracking"])
    expect(b"ithdrawn" in s.read("feed.atom") and b"ithdrawn" in s.read("index.html"), "feed and list")
    expect("withdrawn" in s.one(s.robin).subject and "withdrawn" in s.one(s.isac).subject, "told")
    expect("Version 3, withdrawn" in s.ctl("advisory", "show", CASE) and "DRAFT" in s.ctl("advisory", "show", CASE, "--draft"), "embargoctl")


def clock_in_doubt(s):
    """A system that says that its clock is not synchronised, and a clock that jumps, hold it; the first is told once, nothing is public,
    and it goes on when all is well."""
    fw = s.begin()
    text, t = iso(2 * DAY)
    expect("FAILED" not in s.command(s.alice, "#publish %s\n" % text, fw).text, "scheduled")
    s.quiet()
    s.at(2 * DAY + 60, EMBARGOD_TEST_UNSYNCHRONISED="1")
    m = mine(s.fresh(s.alice), "cannot be published now")
    expect("not synchronised" in m.text and "#cancel" in m.text and s.pages() == [], "held, and told", m.text)
    s.at(2 * DAY + 600, EMBARGOD_TEST_UNSYNCHRONISED="1")
    expect(not [m for m in s.fresh(s.alice) if "cannot be" in m.subject] and s.pages() == [], "told once")
    expect("trouble: the system says" in s.ctl("show", CASE), "shown")
    clock = os.path.join(s.root, "clock")

    def set_clock(ahead):
        with open(clock + ".new", "w") as f:
            f.write("+%d" % ahead)
        os.rename(clock + ".new", clock)

    set_clock(0)
    with s.daemon({"EMBARGOD_FAKE_TIME": "@" + clock}) as d:
        d.says("keys ready")
        set_clock(3 * DAY)
        d.says("the clock has jumped")
        wait(lambda: [m for m in s.fresh(s.alice) if "has jumped" in m.subject], "alice hears of the jump")
        expect(s.pages() == [] and "HELD" in s.ctl("clock"), "a jump publishes nothing")
        s.ctl("clock", "accept")
        wait(lambda: s.pages(), "published once the time is confirmed", 90)
        wait(lambda: not s.ctl_json("outbox"), "all is sent")
    expect(s.show()["facts"][3] == "P" and len([m for m in s.fresh(s.robin) if "Published" in m.subject]) == 1, "and told once")


def trouble_on_the_disk(s):
    """A folder that cannot be written: nothing is public, nobody outside is told, the analysts are, once; then it goes by itself. A tree
    that is lost comes back from the store."""
    fw = s.begin()
    folder = os.path.join(s.dir, "site")
    hold = os.open(folder, os.O_RDONLY)
    fcntl.flock(hold, fcntl.LOCK_EX)  # as another build does
    r = s.command(s.alice, "#publish\n", fw)
    expect("FAILED" not in r.text, "approved", r.text)
    told = mine([m for m in s.fresh(s.bob) if "cannot be" in m.subject], "The advisory cannot be published now")
    expect("Nothing of it has become" in told.text and "Trouble:" in told.text, "the analysts hear why", told.text)
    expect(not s.fresh(s.robin) and not s.fresh(s.isac) and s.show()["facts"][3] == "p" and s.pages() == [], "nothing has happened", s.show())
    s.at(600), s.at(1800)
    expect(not [m for m in s.fresh(s.bob) if "cannot be" in m.subject], "once a day")
    s.at(DAY + 3600)
    expect([m for m in s.fresh(s.bob) if "cannot be" in m.subject], "then again")
    os.close(hold)
    s.at(DAY + 8000)
    expect(CASE + ".html" in s.pages() and s.show()["facts"][3] == "P", "then it goes")
    expect("Published" in s.one(s.robin).subject and "published" in s.one(s.isac).subject, "and all are told, once")
    kept = {x: s.read("advisories/" + x) for x in s.pages()}
    shutil.rmtree(folder)
    with open(folder, "w") as f:
        f.write("in the way")
    s.quiet()
    s.at(DAY + 9000), s.at(DAY + 9100)
    mine([m for m in s.fresh(s.bob) if "cannot be" in m.subject], "The site cannot be written")
    os.unlink(folder)
    s.at(DAY + 10000)
    expect({x: s.read("advisories/" + x) for x in s.pages()} == kept and len(kept) == 3, "the lost tree is made anew")


def several_cases(s):
    """Two at the same instant, asked for in the very mail that makes the facts; a new version of one leaves the other's files alone."""
    two = "EMB-2026-0002"
    text, t = iso(2 * DAY)
    s.deliver(s.report()), s.deliver(s.report("Another one.\n", subject="Muted alarm"))
    s.once()
    fw = sorted((m for m in s.fresh(s.alice) if "New report" in m.subject), key=lambda m: m.subject)
    other = FACTS.replace("CVE-2026-12345", "CVE-2026-12346").replace("Firmware update without signature check", "The alarm can be muted")
    for mail, facts in zip(fw, (FACTS, other)):
        r = s.command(s.alice, facts + "#publish %s\n" % text, mail)
        expect("FAILED" not in r.text, "scheduled with its facts", r.text)
    expect(len(s.ctl_json("pending")) == 2, "both wait")
    s.at(2 * DAY + 60)
    expect(len(s.pages()) == 6 and s.ctl("advisory", "list").count("published") == 2, "both are public", s.pages())
    kept = {x: s.read("advisories/" + x) for x in s.pages() if x.startswith(CASE)}
    s.quiet()
    s.env["EMBARGOD_FAKE_TIME"] = "+%d" % (2 * DAY + 600)
    r = s.command(s.alice, "#impact\nWorse.\n#end\n#revise\nIt is worse.\n#end\n", fw[1])
    expect("FAILED" not in r.text and b"Worse." in s.read("advisories/%s.html" % two), "the other one is revised", r.text)
    expect({x: s.read("advisories/" + x) for x in s.pages() if x.startswith(CASE)} == kept and len(kept) == 3, "the other one's pages stay")
    expect(all(c.encode() in s.read(p) for c in (CASE, two) for p in ("index.html", "feed.atom")), "both are in the lists")


def the_site_itself(s):
    """security.txt is signed anew before it ends, and with what it says; a new key is on the site; the site has no page of a case."""
    s.once()
    def ends():
        text = s.read(".well-known/security.txt").decode()
        expect(s.good(text.encode()) and "Canonical: https://security.pumps.example/.well-known/security.txt" in text and "CSAF: " in text, "security.txt", text)
        return re.search(r"Expires: (\S+)", text).group(1)
    first = ends()
    expect(29 * DAY < time.mktime(time.strptime(first, "%Y-%m-%dT%H:%M:%SZ")) - time.time() < 31 * DAY, "30 days", first)
    tree = os.readlink(s.page("").rstrip("/"))
    s.once(), s.at(15 * DAY)
    expect(ends() == first and os.readlink(s.page("").rstrip("/")) == tree, "untouched while it is good")
    s.at(21 * DAY)
    expect(ends() > first, "anew when a third is left")
    s.set_conf("security_txt_days = 30", "security_txt_days = 60")
    s.once()
    expect(ends() > first, "and when the configuration changes", ends())
    expect("Nothing is published or scheduled" in s.ctl("advisory", "list"), "nothing is published")


def in_german_and_to_the_keyless(s):
    """Letters in their languages; a reporter without a key gets it signed, in clear, for it is public; a stakeholder without a key gets
    none unless the configuration allows it, and the analysts read so."""
    s.set_conf('stakeholder "klinikum" {\n', 'stakeholder "klinikum" {\n  language = "de"\n')
    with open(s.conf, "a") as f:
        f.write('stakeholder "praxis" {\n  kind = customer\n  address = "praxis@klein.example"\n}\n'
                'stakeholder "offen" {\n  kind = isac\n  address = "offen@isac.example"\n  clear_allowed = yes\n}\n')
    udo = s.person("Udo", "udo@lab.example", key=False)
    fw = s.begin(udo.plain(s.ADDRESS, "Pump trouble", "It takes any firmware.\n"))
    r = s.command(s.alice, "#cve -CVE-2026-12345\n", fw)
    expect("FAILED" not in r.text, "no CVE id", r.text)
    s.quiet()
    s.deliver(s.alice.encrypted(s.ADDRESS, "Re: " + fw.subject, "#publish\n\n" + fw.quoted(), reply_to=fw))
    s.once()
    m = s.one(udo)
    expect("Veröffentlicht: der Sicherheitshinweis zu Ihrer Meldung" in m.subject and "Danke für Ihre Meldung" in m.text and "CVE:" not in m.text, "reporter", m.text)
    expect(not m.encrypted and m.outer.get_content_type() == "multipart/signed" and "openpgp-key.asc" in m.attachments, "in clear, signed", m.raw)
    m = s.one(s.ward)
    expect("Sicherheitshinweis veröffentlicht" in m.subject and "Kein Embargo bindet Sie" in m.text and m.encrypted, "customer", m.text)
    expect("Advisory published" in s.one(s.isac).subject, "english")
    raw = {to: r.decode(errors="replace") for _, _, to, _, r in s.out()}
    expect("multipart/signed" in raw.get("offen@isac.example", ""), "in clear, signed, where that is allowed", sorted(raw))
    expect("praxis@klein.example" not in raw, "not to one without a key", sorted(raw))
    told = mine(s.fresh(s.alice), "Published: version 1")
    expect("NOT told" in told.text and "praxis <praxis@klein.example>: it has no key" in told.text and "udo@lab.example>: in clear" in told.text, "the analysts know", told.text)
    due = {d["name"]: d for d in s.ctl_json("due", CASE)}["tell-customers"]
    expect(due["state"] == "met" and due["reason"] == "customers-told", "the deadline that it meets", due)


PLAIN = CONF + "gate_publish = 0\n"
MEET = 'deadline "tell-customers" {\n  starts_at = "received"\n  span = "60d"\n  met_by = {"customers-told"}\n}\n'
STORIES = [two_persons, scheduled, only_what_was_approved, revised_and_withdrawn, clock_in_doubt, trouble_on_the_disk, several_cases,
           the_site_itself, in_german_and_to_the_keyless]
SETUP = {f: {"story": Publishing, "extra": CONF} for f in STORIES}
SETUP[scheduled]["extra"] = CONF.replace("embargo_days = 0", "embargo_days = 90\npending_expires_h = 5000")
SETUP[the_site_itself]["extra"] = CONF + "security_txt_days = 30\n"
SETUP[clock_in_doubt]["extra"] = PLAIN.replace("clock_unsynchronised = ignore", "clock_unsynchronised = hold")
SETUP[in_german_and_to_the_keyless]["extra"] = PLAIN + "language = \"de\"\n" + MEET
SETUP[trouble_on_the_disk]["extra"] = SETUP[several_cases]["extra"] = PLAIN
SETUP[revised_and_withdrawn]["extra"] = PLAIN + "cve_org_id = \"b9d0c4a2-1d6e-4f5a-9b0a-2f1e3c4d5a6b\"\n"

if __name__ == "__main__":
    sys.exit(main(STORIES, SETUP))
