#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Story of the advisory's documents: facts come by mail, embargoctl shows and exports what the world may know of them."""
import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from gateway import expect  # noqa: E402
from story import SECRET, main  # noqa: E402

CASE = "EMB-2026-0001"
ORG = "8254265b-2729-46b6-b9e3-3dfca2d5bfca"
VECTOR = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"
FACTS = """#take
#validate
#accept
#title Pump takes <any> {{firmware}}
#description
The pump takes firmware without a signature.

Whoever reaches it can replace what it does.
#end
#impact
Therapy can be changed.
#end
#product "Pump 9" 1.0, 1.2 to 2.3
#product Viewer before 4.1
#fix Pump 9 2.4 https://pumps.example/fw/2.4
#fix Viewer 4.1
#cvss %s
#cwe 345
#cve CVE-2026-12345
#clinical high critical
Insideword: the ward would notice late.
#end
#mitigation
Keep it in a network of its own.
#end
#credit Robin R.
#credit anonymous
#reference https://lab.example/pump The finder's page
#tlp clear
#note
Insideword: do not tell.
#end
""" % VECTOR


def export(s, form, code=0):
    return s.ctl("advisory", "export", CASE, "--format", form, code=code)


def lacking(s, form, *words):
    said = export(s, form, code=1)
    for word in ("%s: the %s document lacks:\n" % (CASE, form),) + words:
        expect(word in said, "the refusal says " + word, said)


def from_mail_to_documents(s):
    """What is missing is named with its command; then CSAF, text and CVE hold what the mail said, and nothing of the inside."""
    s.deliver(s.report())
    s.once()
    fw = s.one(s.alice)
    for form in ("csaf", "text"):
        lacking(s, form, "no description: #description + text\n", "no product: #product NAME VERSIONS\n")
    lacking(s, "cve", "no CVE id: #cve CVE-ID\n", "no weakness: #cwe CWE-ID\n", "no reference, of which a CVE record needs one: #reference URL [TEXT]\n", "cve_org_id in embargod.conf(5)\n")
    said = s.ctl("advisory", "show", CASE)
    expect("CSAF file:   emb-2026-0001.json\n" in said and "csaf:        cannot be made, it lacks:\n" in said and "no score: #cvss VECTOR\n" in said,
           "show says what is to be done", said)
    r = s.command(s.alice, FACTS, fw)
    expect("FAILED" not in r.text, "all facts are taken", r.text)
    s.fresh(s.bob), s.fresh(s.robin)
    expect("csaf:        can be made\n" in s.ctl("advisory", "show", CASE), "now it can be made")
    csaf(json.loads(export(s, "csaf")))
    text = export(s, "text")
    for line in ("Security advisory %s (DRAFT, not published)\nTLP:CLEAR\n\n  Pump takes <any> {{firmware}}\n  CVE-2026-12345\n" % CASE,
                 "\n  Pump 9 by Example Pumps\n  affected: 1.0\n  from 1.2 on, up to and including 2.3\n  fixed: 2.4 https://pumps.example/fw/2.4\n",
                 "\n  Viewer by Screens Inc\n  affected: before 4.1\n  fixed: 4.1\n", "\n  Whoever reaches it can replace what it does.\n",
                 "\n  Robin R.\n  An anonymous reporter\n"):
        expect(line in text, "the text has " + line, text)
    lacking(s, "cve", "no UUID of the organisation as CNA: cve_org_id in embargod.conf(5)\n")
    s.set_conf("product \"Viewer\"", "cve_org_id = \"%s\"\nproduct \"Viewer\"" % ORG)
    record = export(s, "cve")
    cve(json.loads(record))
    page = export(s, "html")
    for part in ("<h1 dir=\"auto\">Pump takes &lt;any&gt; {{firmware}}</h1>", "<li>from 1.2 on, up to and including 2.3</li>", "<p class=\"tlp tlp-clear\">TLP:CLEAR</p>",
                 "<a href=\"https://pumps.example/fw/2.4\" rel=\"noreferrer\">Version 2.4</a>", "<strong>Draft.</strong>"):
        expect(part in page, "the page has " + part, page)
    for document in (export(s, "csaf"), text, record, page):
        for word in (SECRET, "nsideword", "robin@lab.example", "Robin Reporter", "uncontrolled", "alice"):
            expect(word not in document, word + " stays inside", document)
    expect(not s.fresh(s.bob) + s.fresh(s.robin) + s.fresh(s.alice), "nobody was written to")
    expect("usage: embargoctl advisory" in s.ctl("advisory", "export", CASE, "--format", "pdf", code=64), "no such format")
    expect("EMB-2026-0009" in s.ctl("advisory", "show", "EMB-2026-0009", code=1), "no such case")


def csaf(doc):
    d, v = doc["document"], doc["vulnerabilities"][0]
    expect((d["category"], d["csaf_version"], d["title"]) == ("csaf_security_advisory", "2.0", "Pump takes <any> {{firmware}}"), "document", d)
    expect(d["distribution"]["tlp"]["label"] == "WHITE", "CSAF's word for CLEAR", d)
    expect(d["publisher"] == {"category": "vendor", "name": "Example Pumps", "namespace": "https://pumps.example",
                              "contact_details": "security@pumps.example"}, "publisher", d)
    t = d["tracking"]
    expect((t["id"], t["status"], t["version"], [r["number"] for r in t["revision_history"]]) == (CASE, "draft", "0", ["0"]), "tracking", t)
    expect([(r["url"], r["summary"]) for r in d["references"]] == [("https://lab.example/pump", "The finder's page")], "references", d)
    products = {}
    for vendor in doc["product_tree"]["branches"]:
        for product in vendor["branches"]:
            for version in product["branches"]:
                products[version["product"]["product_id"]] = (vendor["name"], product["name"], version["category"], version["name"])
    one, span = "product_version", "product_version_range"
    status = {k: [products[i] for i in ids] for k, ids in v["product_status"].items()}
    expect(status == {"known_affected": [("Example Pumps", "Pump 9", one, "1.0"), ("Example Pumps", "Pump 9", span, "vers:intdot/>=1.2|<=2.3"),
                                         ("Screens Inc", "Viewer", span, "vers:intdot/<4.1")],
                      "fixed": [("Example Pumps", "Pump 9", one, "2.4"), ("Screens Inc", "Viewer", one, "4.1")]}, "product status", status)
    expect((v["cve"], v["cwe"]["id"], v["cwe"]["name"]) == ("CVE-2026-12345", "CWE-345", "Insufficient Verification of Data Authenticity"), "ids", v)
    score = v["scores"][0]
    expect(score["products"] == v["product_status"]["known_affected"], "scored", score)
    expect(score["cvss_v3"] == {"version": "3.1", "vectorString": VECTOR, "baseScore": 9.8, "baseSeverity": "CRITICAL"}, "score", score)
    remedies = [(r["category"], r["details"], r.get("url"), [products[i][1] for i in r["product_ids"]]) for r in v["remediations"]]
    expect(remedies == [("vendor_fix", "Update Pump 9 to version 2.4.", "https://pumps.example/fw/2.4", ["Pump 9", "Pump 9"]),
                        ("vendor_fix", "Update Viewer to version 4.1.", None, ["Viewer"]),
                        ("mitigation", "Keep it in a network of its own.", None, ["Pump 9", "Pump 9", "Viewer"])], "remedies", remedies)
    expect([(x["category"], x["details"]) for x in v["threats"]] == [("impact", "Therapy can be changed.")], "threats", v)
    expect(v["acknowledgments"] == [{"names": ["Robin R."]}, {"summary": "An anonymous reporter"}], "thanks", v)
    notes = {n["title"]: n["text"] for n in v["notes"]}
    expect(notes["Description"] == "The pump takes firmware without a signature.\n\nWhoever reaches it can replace what it does.", "description", notes)
    days = [line.split(": ")[1] for line in notes["Timeline"].split("\n")]
    expect(days == ["Report received", "Vulnerability confirmed"], "timeline", notes)


def cve(doc):
    c = doc["containers"]["cna"]
    expect((doc["dataType"], doc["dataVersion"]) == ("CVE_RECORD", "5.1"), "kind", doc)
    expect(doc["cveMetadata"] == {"cveId": "CVE-2026-12345", "assignerOrgId": ORG, "state": "PUBLISHED"}, "metadata", doc)
    expect(c["providerMetadata"]["orgId"] == ORG and c["title"] == "Pump takes <any> {{firmware}}", "container", c)
    expect([(a["vendor"], a["product"]) for a in c["affected"]] == [("Example Pumps", "Pump 9"), ("Screens Inc", "Viewer")], "affected", c)
    expect(c["affected"][0]["versions"] == [{"version": "2.4", "status": "unaffected"}, {"version": "1.0", "status": "affected"},
                                            {"version": "1.2", "status": "affected", "lessThanOrEqual": "2.3", "versionType": "custom"}], "versions", c)
    expect(c["metrics"][0]["cvssV3_1"]["baseScore"] == 9.8 and c["problemTypes"][0]["descriptions"][0]["cweId"] == "CWE-345", "assessed", c)
    expect(c["references"] == [{"url": "https://lab.example/pump", "name": "The finder's page"}], "references", c)
    expect([x["value"] for x in c["credits"]] == ["Robin R.", "An anonymous reporter"], "credits", c)


CONF = "product \"Pump 9\" {\n}\nproduct \"Viewer\" {\n  vendor = \"Screens Inc\"\n}\n"
SETUP = {from_mail_to_documents: {"extra": CONF}}

if __name__ == "__main__":
    sys.exit(main([from_mail_to_documents], SETUP))
