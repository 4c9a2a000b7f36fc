#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Scenarios of what is filed on a portal, and of the record that each notice leaves."""
import hashlib
import json
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from gateway import expect  # noqa: E402
from people import crlf  # noqa: E402
from story import Story, main  # noqa: E402

CASE = "EMB-2026-0001"


def states(s):
    return {d["name"]: d for d in s.ctl_json("due", CASE)}


def sends(s, who, text, about):
    """Sends commands; gives the receipt and the other mail that came."""
    s.deliver(who.encrypted(s.ADDRESS, "Re: " + about.subject, text + "\n\n" + about.quoted(), reply_to=about))
    s.once()
    got = s.fresh(who)
    receipts = [m for m in got if "Receipt" in m.subject or "changed" in m.subject]
    expect(len(receipts) == 1, "one receipt", *[m.subject for m in got])
    return receipts[0], [m for m in got if m is not receipts[0]]


def form(s, who, name, about):
    """The form that #file makes: the mail, and the JSON beside it."""
    r, got = sends(s, who, "#file %s\n" % name, about)
    expect("FAILED" not in r.text and len(got) == 1 and ("] To be filed" in got[0].subject or "] Einzureichen" in got[0].subject),
           "one form", r.text, *[m.subject for m in got])
    return got[0], json.loads(got[0].attachments["%s-%s.json" % (CASE, name)])


def ready_to_file(s):
    """#file: the form in the portal's order, missing fields first with what fills them, as text and JSON, to the one who asked; the
    clock runs until #filed."""
    s.deliver(s.report())
    s.once()
    fw = s.one(s.alice)
    s.fresh(s.bob), s.fresh(s.robin)
    r = s.command(s.alice, "#file fda-860\n", fw)
    expect("FAILED" in r.text and "did you mean fda-806?" in r.text and "cra-early-warning" in r.text, "refused, with the names", r.text)
    s.command(s.alice, "#take\n#validate\n#accept\n#product \"Pump 9\" 1.0-2.3\n#clinical high critical\nOn any ward.\n#end\n"
                       "#fact correction-started\n", fw)
    r, others = sends(s, s.alice, "#preview file fda-806\n", fw)
    expect("preview: not sent" in r.text and "1. Registration number" in r.text and "nothing sent" in r.text, "previewed in the receipt", r.text)
    expect(not others, "and only there", *[m.subject for m in others])
    expect("filing.prepared" not in s.ctl("show", CASE), "a preview leaves no trace")
    m, j = form(s, s.alice, "fda-806", fw)
    expect(m.encrypted and m.signer == s.fpr and m.outer["Subject"] == "[%s] ..." % CASE, "sealed", m.outer["Subject"])
    expect(not [x for x in s.fresh(s.bob) + s.fresh(s.robin) if "filed" in x.subject], "to nobody else")
    top, rest = m.text.split("---- the form, in the portal's order ----")
    expect("- 7. The events that gave rise to this report\n    #description + text\n" in top, "missing, and what fills it", top)
    expect("#field fda-registration + text" in top and "Due:   20" in top and "(running)" in top and "#filed fda-806 REFERENCE" in top, "the way on", top)
    labels = [f["label"] for f in j["fields"]]
    places = [rest.index("\n%s\n" % label) for label in labels]
    expect(places == sorted(places) and len(labels) == 21, "the portal's order", labels)
    numbers = [int(x.split(".")[0]) for x in labels]
    expect(numbers == sorted(numbers) and set(numbers) == set(range(1, 14)), "21 CFR 806.10(c)(1) to (13)", labels)
    by = {f["label"]: f for f in j["fields"]}
    expect(by["2. Name of the manufacturer"]["value"] == "Example Pumps" and by["5. Lot or serial numbers, or versions of the software"]["value"] == "1.0-2.3",
           "filled in from case and configuration", by)
    expect(by["4. Device listing number"]["value"] == "D-4711", "what the configuration says of every case", by)
    expect(next(f["value"] for label, f in by.items() if label.startswith("4. Marketing status:")) == "Pump 9: K000001", "of the product", by)
    expect("7. The events that gave rise to this report" in j["missing"] and "2. Name of the manufacturer" not in j["missing"], "what is missing", j["missing"])
    before = len(j["missing"])
    expect("%d of the required fields missing" % before in m.subject and "MISSING, of what must be answered: %d\n" % before in top, "counted: what must be answered", m.subject, top)
    expect("13. What is not available now, why, and when it will be submitted" in j["empty"] and "[empty]" in rest, "what may stay empty is not missing", j["empty"])
    r = s.command(s.alice, "#field\n", fw)
    expect("\nfda-registration\n  nothing yet\n  needed by filings/fda-806\n" in r.text, "#field lists what is to be said, and for what", r.text)
    expect("\ndevice-listing\n  D-4711 (of the configuration)\n" in r.text and "Receipt" in r.subject, "and what is said already", r.text)
    expect(states(s)["fda-806"]["state"] == "running", "the clock runs")
    r = s.command(s.alice, "#field fda-registratoin 3001234567\n", m)
    expect("FAILED" in r.text and "did you mean fda-registration?" in r.text, "a misspelt field", r.text)
    s.command(s.alice, "#description\nAny firmware is taken.\n#end\n#field fda-registration 3001234567\n#field udi\n(01)00614141999996\nand two more\n#end\n"
                       "#plan 2027-03-01 Signed firmware is sent out\n#field device-listing D-4712\n", m)
    m, j = form(s, s.alice, "fda-806", m)
    by = {f["label"]: f for f in j["fields"]}
    expect(len(j["missing"]) == before - 4, "fewer are missing", j["missing"])
    expect(by["5. UDI, model, catalogue or code number"]["value"] == "(01)00614141999996\nand two more", "as it was given", by)
    expect(by["4. Device listing number"]["value"] == "D-4712", "the case's word counts more", by)
    expect("2027-03-01: Signed firmware is sent out" in by["7. Corrective or removal actions taken, and expected to be taken"]["value"], "the plan", by)
    expect("\n5. UDI, model, catalogue or code number\n(01)00614141999996\nand two more\n" in m.text, "and as text", m.text)
    r = s.command(s.bob, "#filed fda-806 Z-0815\n", fw)
    d = states(s)["fda-806"]
    expect(d["state"] == "met" and "FAILED" not in r.text, "filed", d, r.text)
    r = s.command(s.alice, "#filed cisa-vince VRF#27-01-ABCDE\n#filed customer-letter X\n", fw)
    expect(r.text.count("\nFAILED") == 1 and "there is no filing \"customer-letter\"" in r.text, "a form without a deadline is evidence, no name is not", r.text)
    r = s.command(s.alice, "#filed cisa-vince VRF#27-01-ABCDE\n", fw)
    expect("FAILED" not in r.text and "cisa-vince: VRF#27-01-ABCDE" in s.ctl("show", CASE), "kept", r.text)


def incident_of_a_patient(s):
    """EU MDR: the Manufacturer Incident Report, filled in from the case; its reference meets the deadline of the incident's class."""
    s.deliver(s.report())
    s.once()
    fw = s.one(s.alice)
    r = s.command(s.alice, "#take\n#validate\n#accept\n#product \"Pump 9\" 1.0-2.3\n#description + Any firmware is taken.\n#end\n#due\n#file cisa-vince\n", fw)
    expect("waits for: incident (#fact incident [DATE] tells it)" in r.text and "not known yet: death (#fact death yes or no tells it)" in r.text, "#due says how it is told", r.text)
    expect("the clock runs" not in r.text and "#filed records that it was filed" in r.text, "no deadline waits for this form", r.text)
    s.command(s.alice, "#fact incident\n"
                       "#fact death yes\n#fact public-health-threat no\n#field udi (01)00614141999996\n", fw)
    expect(states(s)["mdr-15-days"]["state"] == "running" and states(s)["mdr-10-days"]["state"] == "running", "both run", states(s))
    m, j = form(s, s.alice, "mdr-mir", fw)
    by = {f["label"]: f for f in j["fields"]}
    values = {label.split(" ", 2)[0] + " " + label.split(" ", 2)[1]: f["value"] for label, f in by.items()}
    expect(values["1.2 g"].startswith("Death") and values["1.3.1 b"] == CASE and re.match(r"20\d\d-", values["1.2 c"]), "what #fact says", values)
    expect("(01)00614141999996" in m.text and "Any firmware is taken." in m.text and "Pump 9" in m.text, "filled in", m.text)
    expect(re.search(r"^Due:   mdr-15-days: .*\(running\)\n       mdr-10-days: .*\(running\)$", m.text, re.M) and "mdr-2-days" not in m.text, "what it meets", m.text)
    expect("#filed mdr-mir REFERENCE" in m.text and "#field competent-authority + text" in m.text, "the way on", m.text)
    numbers = [label.split(" ")[0] for label in by]
    expect(numbers == sorted(numbers, key=lambda n: [int(x) for x in n.split(".")]), "in the order of the Commission's form", numbers)
    s.command(s.alice, "#filed mdr-mir NCA-2026-0815\n", m)
    d = states(s)
    expect(d["mdr-15-days"]["state"] == d["mdr-10-days"]["state"] == "met", "the one report meets both", d)


def forms_of_the_act(s):
    """The three reports of the CRA, in the analyst's language; what an attacker did is what #attacks says."""
    s.deliver(s.report())
    s.once()
    fw = s.one(s.alice)
    s.command(s.alice, "#product Gateway 3.1\n#attacks\n#field member-states DE, FR\n#field malicious yes\n", fw)
    s.set_conf('analyst "alice" {', 'analyst "alice" {\n  language = "de"')
    for name, word in (("cra-early-warning", "DE, FR"), ("cra-notification", "TLP:AMBER"), ("cra-final-report", "TLP:AMBER"), ("cisa-vince", "attacks")):
        m, j = form(s, s.alice, name, fw)
        text = json.dumps(j, ensure_ascii=False) + m.text
        expect(m.subject.startswith("[%s] Einzureichen" % CASE) and "das Formular in der Reihenfolge des Portals" in m.text, "German", m.subject)
        expect(word in text or "Angriffe" in text, name + ": filled in", text)
        expect("#filed %s AKTENZEICHEN" % name in m.text, "how it ends", m.text)
        expect("(running)" not in m.text and (name != "cra-notification" or re.search(r"^Frist: .*\(läuft\)$", m.text, re.M)), "the deadline in German", m.text)
        expect(j["form"] == name and len(j["fields"]) > 9 and not set(j["missing"]) - {f["label"] for f in j["fields"]}, "whole", j)


def notices_and_their_records(s):
    """Each member of a group gets a mail of its own, in its language; each notice leaves a record: from which template, the very bytes, to
    which key, who asked, who released, what the server said."""
    s.deliver(s.report())
    s.once()
    fw = s.one(s.alice)
    r = s.command(s.alice, "#take\n#product \"Pump 9\" 1.0\n#notify customers\n", fw)
    expect("FAILED" in r.text and "description (#description + text)" in " ".join(r.text.split()), "missing, and what fills it", r.text)
    s.command(s.alice, "#validate\n#accept\n#product \"Pump 9\" 1.0\n#description\nAny firmware is taken.\n#end\n#cvss CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H\n"
                       "#impact\nAny dose.\n#end\n#fix-ready\n#fix 2.4 https://pumps.example/2.4\n#validated on three pumps\n", fw)
    r = s.command(s.alice, "#notify customers cisa\n", fw)
    token = re.search(r"#approve ([a-z2-7]{16})", r.text).group(1)
    expect(r.text.count("----- waits for release -----") == 3 and not s.fresh(s.ward), "three letters wait", r.text)
    s.command(s.bob, "#approve %s\n" % token, fw)
    got = {p.name: s.one(p, "notice") for p in (s.ward, s.klinik, s.cisa)}
    for name, m in got.items():
        lines = [x for x in m.text.splitlines() if x]
        expect(m.encrypted and lines[1] == "TLP:AMBER" and lines[-1] == "TLP:AMBER" and "TLP:AMBER" in m.subject, name + ": TLP", m.text)
        expect(not any(p.address in m.text for p in (s.ward, s.klinik, s.cisa)), "nobody learns of the others", m.text)
    expect("2.4, get it from" in got["Ward"].text and "https://pumps.example/2.4" in got["Ward"].text and "Validated 20" in got["Ward"].text, "the fix, and where", got["Ward"].text)
    expect("erhältlich unter" in got["Klinik"].text and "Schwachstelle" in got["Klinik"].text, "German", got["Klinik"].text)
    records = {n["name"]: n for n in s.show()["notices"]}
    expect(set(records) == {"ward", "klinik", "cisa"}, "a record each", records)
    n = records["klinik"]
    expect(n["template"] == "notices/customer" and n["language"] == "de" and n["asked_by"] == "alice" and n["released_by"] == "bob" and n["tlp"] == "AMBER", "what, by whom", n)
    expect(n["key"] == s.klinik.fpr and n["state"] == "sent" and n["sent"] and n["to"] == s.klinik.address, "to whom, when", n)
    sent = next(raw for _, _, to, _, raw in s.out() if to == s.klinik.address)
    expect(n["letter_sha256"] == hashlib.sha256(crlf(sent)).hexdigest(), "the very bytes", n)
    expect(n["template_sha256"] != records["ward"]["template_sha256"] and len(n["template_sha256"]) == 64, "each language has its version", records)
    history = s.command(s.alice, "#history\n", fw).text
    words = " ".join(history.split())
    expect("notice.sent bob: To klinik, asked for by alice, released by bob, from notices/customer (de, version " + n["template_sha256"][:12] in words, "in the history", history)
    expect(words.count("notice.accepted Mail ") == 3, "and what the server said", history)
    shown = s.ctl("show", CASE)
    expect("letter sha256 " + n["letter_sha256"] in shown and "asked for by alice, released by bob" in shown, "and shown", shown)
    s.once(env={"EMBARGOD_FAKE_TIME": "+%d" % (40 * 86400)}, code=None)
    kept = s.ctl("outbox", "raw", str(n["mail"]))
    expect(hashlib.sha256(crlf(kept.encode())).hexdigest() == n["letter_sha256"], "the bytes are kept as long as the case")
    s.ctl("outbox", "raw", "1", code=1)
    r = s.command(s.alice, "#notify cisa cra-final-report\n", fw)
    expect("FAILED" not in r.text and "Final report: actively exploited" in r.text, "a CRA notice by mail stays possible", r.text)
    r = s.command(s.alice, "#tlp RED\n#notify customers\n", fw)
    expect("FAILED" in r.text and "TLP:RED" in r.text and not s.fresh(s.ward), "above the clearance", r.text)


def as_the_facts_are(s):
    """The notice to the FDA says what was said of the case, and nothing else: when it was learned, whether part 806 applies, that it was
    reported; #show has the facts."""
    def notice():
        r = s.command(s.alice, "#preview notify fda\n", fw)
        expect("preview: not sent" in r.text, "previewed", r.text)
        return r.text
    s.deliver(s.report())
    s.once()
    fw = s.one(s.alice)
    s.command(s.alice, "#take\n#validate\n#accept\n#title T\n#product \"Pump 9\" 1.0\n#component Boot loader\n#description\nAny firmware.\n#end\n"
                       "#clinical high critical\nOn any ward.\nIn any bed.\n#end\n#fact learned 2026-02-03\n#fix-ready\n", fw)
    t = notice()
    expect("Learned of it:   2026-02-03" in t, "the day that was said", t)
    expect("A fix is ready since 20" in t and "distributed" not in t and "\nOn any ward.\nIn any bed.\n" in t and "Components: Boot loader" in t, "what was said", t)
    expect("unless the conditions" in t, "of the exemption nothing is known yet", t)
    s.command(s.alice, "#fact exempt-806 no\n#fact correction-started 2026-02-05\n#field responsible-person Dr. Ada Berg\n", fw)
    t = notice()
    expect("unless the conditions" not in t and "Applies: within 10 working days" in t and "Correction or removal started: 2026-02-05" in t, "it applies", t)
    expect("Responsible person: Dr. Ada Berg" in t, "the person", t)
    s.command(s.alice, "#filed fda-806 ESG-77 2026-02-09\n", fw)
    t = notice()
    expect("Applies:" not in t and "Reported under ESG-77, filed 2026-02-09" in t, "it was reported", t)
    t = s.command(s.alice, "#show\n", fw).text
    for line in ("fact:        learned, 2026-02-03", "fact:        exempt-806, no", "filed:       fda-806, ESG-77, filed 2026-02-09"):
        expect(line in t, "shown: " + line, t)


class WithCustomers(Story):
    def init(self, analysts, stakeholders=(), **k):
        self.ward, self.klinik = self.person("Ward", "it@ward.example"), self.person("Klinik", "it@klinik.example")
        out = super().init(analysts, list(stakeholders) + [(self.ward, "ward", "customer"), (self.klinik, "klinik", "customer")], **k)
        for name, more in (("ward", ""), ("klinik", "  language = \"de\"\n")):
            self.set_conf('stakeholder "%s" {\n' % name, 'stakeholder "%s" {\n  groups = {"customers"}\n%s' % (name, more))
        return out


CONF = ("profile = {\"generic\", \"medical-device\", \"eu-cra\"}\nfield_values = {\"device-listing = D-4711\"}\nproduct \"Pump 9\" {\n  class = \"medical-device\"\n"
        "  regulatory_id = \"K000001\"\n}\nproduct \"Gateway\" {\n  class = \"software\"\n}\n")
STORIES = [ready_to_file, incident_of_a_patient, as_the_facts_are, forms_of_the_act, notices_and_their_records]
SETUP = {ready_to_file: {"extra": CONF}, incident_of_a_patient: {"extra": CONF}, as_the_facts_are: {"extra": CONF}, forms_of_the_act: {"extra": CONF}, notices_and_their_records: {"story": WithCustomers}}

if __name__ == "__main__":
    sys.exit(main(STORIES, SETUP))
