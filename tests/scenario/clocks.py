#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Scenarios of what people tell the clocks, the daily digest, and a clock that jumps. Time is moved."""
import os
import re
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from gateway import expect  # noqa: E402
from story import main, wait  # noqa: E402

DAY = 86400


def at(s, days):
    s.once(code=None, env={"EMBARGOD_FAKE_TIME": "+%d" % int(days * DAY)})


def states(s, case="EMB-2026-0001"):
    return {d["name"]: d for d in s.ctl_json("due", case)}


def reminders(s, who):
    return [m for m in s.fresh(who) if "] Due " in m.subject or "OVERDUE" in m.subject or "] Reminder: " in m.subject]


def what_only_people_know(s):
    """#fact starts clocks that no other command starts; #due lists all; #filed stops them."""
    s.deliver(s.report())
    s.once()
    fw = s.one(s.alice)
    s.command(s.alice, "#take\n#validate\n#accept\n#product \"Pump 9\" 1.0\n#clinical low minor\nOnly inside the case.\n#end\n", fw)
    d = states(s)
    expect(d["fda-30-days"]["state"] == "not applicable" and d["fda-30-days"]["reason"] == "not uncontrolled", "controlled", d["fda-30-days"])
    expect(d["mdr-15-days"]["state"] == "not started" and d["mdr-15-days"]["reason"] == "waits for: incident", "no incident", d["mdr-15-days"])
    r = s.command(s.alice, "#fact sunny\n#fact incident 2099-01-01\n", fw)
    expect(r.text.count("\nFAILED") == 2 and "correction-started [DATE]" in r.text and "lies in the future" in r.text, "refused", r.text)
    r = s.command(s.alice, "#clinical high critical controlled\nThe hospital's firewall stands before it.\n#end\n"
                           "#fact incident\n#fact correction-started\n#fact public-health-threat no\n#due\n", fw)
    expect("uncontrolled" in r.text and "running        mdr-15-days" in r.text.replace("\r", ""), "the list has it", r.text)
    expect("not started    mdr-10-days" in r.text and "not known yet: death" in r.text, "what is not known", r.text)
    d = states(s)
    expect(d["mdr-2-days"]["state"] == "not applicable" and d["fda-806"]["state"] == "not applicable", "no threat; controlled", d)
    history = s.ctl("show", "EMB-2026-0001")
    expect("alice overrules the matrix: The hospital's firewall" in history, "who overruled it, and why", history)
    s.command(s.alice, "#clinical high critical\nThe firewall is no longer there.\n#end\n#fact death yes\n", fw)
    d = states(s)
    expect(d["fda-806"]["state"] == "running" and d["mdr-10-days"]["state"] == "running", "uncontrolled; a death", d)
    expect("by alice" in d["fda-806"]["title"] or d["fda-806"]["due"] > d["fda-806"]["started"], "due after its start", d["fda-806"])
    s.command(s.alice, "#fact exempt-806 yes\n", fw)
    expect(states(s)["fda-806"]["reason"] == "exempt-806", "exempt", states(s)["fda-806"])
    s.command(s.alice, "#adverse-events\nOne patient was harmed.\n#end\n#filed mdr-10-days MIR-77\n", fw)
    d = states(s)
    expect(d["fda-806"]["state"] == "running", "with an adverse event nobody is exempt", d["fda-806"])
    expect(d["mdr-10-days"]["state"] == "met" and d["mdr-15-days"]["state"] == "met", "the one filing meets both", d)
    r = s.command(s.alice, "#new By telephone\nThe caller wants no name.\n#end\n#product \"Pump 9\"\n#due\n#show\n")
    expect("not started    fda-30-days" in r.text and "By telephone" in r.text and "FAILED" not in r.text, "of a case just made", r.text)
    s.command(s.alice, "#case EMB-2026-0002\n#invalidate a test\n#close a test\n")
    text = s.ctl("due")
    expect(text.startswith("EMB-2026-0001  running") and "(fda-806)" in text and "mdr" not in text, "embargoctl due: what runs", text)


def reminded_as_asked(s):
    """#remind: to who asked and to who works on it, once, over restarts; none of a closed case."""
    s.deliver(s.report())
    s.once()
    fw = s.one(s.alice)
    s.command(s.alice, "#assign bob\n", fw)
    r = s.command(s.alice, "#remind +5d call the lab\n#remind +40d ask again\n", fw)
    expect("call the lab" in r.text and "UTC" in r.text, "the receipt says when", r.text)
    expect("reminder:" in s.ctl("show", "EMB-2026-0001"), "shown")
    r = s.command(s.alice, "#remind 2020-01-01 too late\n", fw)
    expect("FAILED" in r.text and "has passed" in r.text, "refused", r.text)
    s.fresh(s.alice), s.fresh(s.bob)
    at(s, 4)
    expect(not reminders(s, s.alice) + reminders(s, s.bob), "too early")
    at(s, 5.1)
    for who in (s.alice, s.bob):
        got = reminders(s, who)
        expect(len(got) == 1 and got[0].subject == "[EMB-2026-0001] Reminder: call the lab", who.name, *[m.subject for m in got])
        expect("alice asked for this reminder" in got[0].text and got[0].encrypted, "who asked", got[0].text)
    at(s, 5.2)
    expect(not reminders(s, s.alice) + reminders(s, s.bob), "nothing twice")
    shown = s.ctl("show", "EMB-2026-0001")
    expect("ask again" in shown and "reminder:    " in shown and shown.count("reminder:    ") == 1, "one is left", shown)
    s.command(s.alice, "#validate\n#accept\n#close all is well\n", fw)
    at(s, 41)
    expect(not reminders(s, s.alice) + reminders(s, s.bob), "a closed case is quiet")


def told_when_accepted(s):
    """A notice meets its deadline when the mail server has taken it, and no longer when it bounces."""
    s.deliver(s.report())
    s.once()
    fw = s.one(s.alice)
    r = s.command(s.alice, "#take\n#description\nIt does.\n#end\n#product Pump 1.0\n#notify cisa\n", fw)
    expect(states(s)["tell"]["state"] == "running", "it waits for a release")
    r = s.command(s.alice, "#approve %s\n" % re.search(r"#approve ([a-z2-7]{16})", r.text).group(1), fw)
    expect("FAILED" not in r.text, "released", r.text)
    notice = s.one(s.cisa)
    d = states(s)
    expect(d["tell"]["state"] == "met" and d["tell"]["reason"] == "notice:cisa", "met", d)
    s.deliver(("From: mailer-daemon@cisa.example\r\nTo: <%s>\r\nDelivered-To: %s\r\nReturn-Path: <>\r\nMessage-ID: <d1@cisa.example>\r\n"
               "Subject: failed\r\nAuto-Submitted: auto-replied\r\n"
               "Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nno\r\n"
               "--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; cisa.example\r\n\r\n"
               "Final-Recipient: rfc822; %s\r\nAction: failed\r\nStatus: 5.1.1\r\n--b--\r\n" %
               (notice.return_path, notice.return_path, s.cisa.address)).encode())
    s.once()
    expect(states(s)["tell"]["state"] == "running", "it bounced: not met", states(s)["tell"])
    s.fresh(s.alice)
    at(s, 9.5)
    got = reminders(s, s.alice)
    expect([m.subject.split(": ", 1)[1] for m in got] == ["Tell the coordinator"] and "Due 20" in got[0].subject, "and reminded of", *[m.subject for m in got])


def killed_in_between(s):
    """Killed before and behind the commit of a reminder, and in the middle of sending it: everyone gets it, and one only."""
    probe = os.path.join(os.environ.get("top_builddir", "."), "config.h")
    with open(probe) as f:
        if "define EMBARGOD_FAILPOINTS 1" not in f.read():
            print("        (no failpoints in this build: not killed)")
            return
    s.deliver(s.report())
    s.once()
    fw = s.one(s.alice)
    s.command(s.alice, "#assign alice bob\n#remind +3d look at it\n", fw)
    s.fresh(s.alice), s.fresh(s.bob)
    moved = {"EMBARGOD_FAKE_TIME": "+%d" % (4 * DAY)}
    for point in ("gate.write", "gate.commit.before", "gate.commit.after", "gate.sent"):
        code = s.once(code=None, env=dict(moved, EMBARGOD_FAILPOINT=point))
        expect(code == -9, "killed at " + point, code)
    s.once(env=moved, code=None)
    at(s, 4.1)  # what was under way when it died is sent again
    for who in (s.alice, s.bob):
        got = reminders(s, who)
        expect(len({m["Message-ID"] for m in got}) == 1 and 1 <= len(got) <= 2, who.name, len(got), *[m["Message-ID"] for m in got])
    history = s.ctl("show", "EMB-2026-0001")
    expect(history.count("due.reminded") == 1 and "@" not in history.split("due.reminded", 1)[1].splitlines()[0], "one entry, readable", history)


def ids_and_matrix(s):
    """No two cases have the same CVE id; the clinical matrix is the configuration's; the history has what was before."""
    s.deliver(s.report()), s.deliver(s.report(subject="Another hole", text="The alarm can be muted.\n"))
    s.once()
    fw = [m for m in s.fresh(s.alice) if "New report" in m.subject]
    expect(len(fw) == 2, "two cases", *[m.subject for m in fw])
    one, two = sorted(fw, key=lambda m: m.subject)
    s.command(s.alice, "#cve cve-2026-12345\n#cwe 79\n#clinical high serious\nBehind two firewalls.\n#end\n", one)
    r = s.command(s.alice, "#cve CVE-2026-12345\n", two)
    expect("FAILED" in r.text and "EMB-2026-0001 has CVE-2026-12345 already" in r.text, "refused", r.text)
    s.command(s.alice, "#case EMB-2026-0001\n#cve -CVE-2026-12345\n#case EMB-2026-0002\n#cve CVE-2026-12345\n#cwe CWE-287\n#cwe CWE-306\n")
    fields = {f["name"]: f["value"] for f in s.show("EMB-2026-0002")["fields"]}
    expect(fields["cve"] == "CVE-2026-12345" and fields["cwe"] == "CWE-306", "moved", fields)
    fields = {f["name"]: f["value"] for f in s.show("EMB-2026-0001")["fields"]}
    expect("cve" not in fields and fields["clinical"].startswith("controlled"), "high and serious is controlled here", fields)
    history = s.command(s.bob, "#history\n", two).text
    expect('alice: cwe: "CWE-287" -> "CWE-306"' in history, "who changed what from what", history)


# ---- the daily digest ----
def at_hour(s, days, hour):
    """Runs at that hour, UTC, so many days from today."""
    now = time.time()
    s.once(code=None, env={"EMBARGOD_FAKE_TIME": "+%d" % (now // DAY * DAY + days * DAY + hour * 3600 - now)})


def digests(s, who):
    return [m for m in s.fresh(who) if m.subject.startswith("Digest ")]


def one_digest(s):
    a, b = digests(s, s.alice), digests(s, s.bob)
    expect(len(a) == 1 and len(b) == 1, "one to each analyst", [m.subject for m in a], [m.subject for m in b])
    return a[0]


def none(s, why):
    a, b = digests(s, s.alice), digests(s, s.bob)
    expect(not a + b, why, *[m.subject for m in a + b])


def daily_digest(s):
    """Once a day from its hour on, over restarts; what is due, what waits, what is in trouble; quiet when there is nothing."""
    s.once()
    none(s, "not on the first day")
    at_hour(s, 1, 12)
    none(s, "nothing to say")
    s.deliver(s.report())
    s.once()
    fw = s.one(s.alice)
    s.command(s.alice, "#validate\n#accept\n#title Pump takes any firmware\n#description\nIt does.\n#end\n#impact\nAny dose.\n#end\n#product Pump 1.0\n", fw)
    r = s.command(s.alice, "#notify cisa\n", fw)
    token = re.search(r"#approve ([a-z2-7]{16})", r.text)
    expect(token, "a notice waits", r.text)
    s.deliver(b"From: eve@x.example\nTo: security@pumps.example\nSubject: x\n\n" + b"-----BEGIN PGP MESSAGE-----\n\nAAAA\n-----END PGP MESSAGE-----\n")
    s.once()
    expect(s.ctl_json("quarantine", "list"), "one is in quarantine")
    none(s, "today there is none")
    at_hour(s, 2, 7.5)
    none(s, "its hour has not come")
    at_hour(s, 2, 8.1)
    m = one_digest(s)
    expect("1 due, 1 waiting" in m.subject and "1 in quarantine" in m.subject and "1 open" in m.subject and "OVERDUE" not in m.subject, "in short", m.subject)
    expect(m.encrypted and m.outer["Subject"] == "..." and m.signer == s.fpr, "encrypted, nothing outside", m.outer["Subject"])
    expect("EMB-2026-0001  #notify by alice" in m.text and "#approve " + token.group(1) in m.text, "what waits", m.text)
    expect("UTC  first-answer\n  A person's first answer" in m.text, "what is due", m.text)
    expect("EMB-2026-0001  Accepted, NOBODY, embargo until " in m.text and "Pump takes any firmware" in m.text, "the case", m.text)
    expect("Letters in quarantine: 1\n" in m.text and "Keys\n" not in m.text and "OVERDUE" not in m.text, "the rest", m.text)
    at_hour(s, 2, 8.2), at_hour(s, 2, 23)
    none(s, "once a day")
    at_hour(s, 1, 20)
    none(s, "nor after the clock was set back")
    at_hour(s, 8, 0.5)
    none(s, "nor before its hour")
    at_hour(s, 8, 9)
    m = one_digest(s)
    expect(m.subject.endswith(", 1 OVERDUE, 1 in quarantine, 1 open") and "first-answer\n  A person's first answer" in m.text,
           "days passed over are not made up for; the release has expired", m.subject, m.text)
    head = re.search(r"has\nanother one\):\n  ([0-9a-f]+)\n", m.text)
    expect(head, "the head of the histories", m.text)
    r = s.command(s.alice, "#cancel %s\n" % token.group(1), fw)
    expect("FAILED" in r.text and "it has expired" in r.text, "it waits no more", r.text)
    s.command(s.alice, "#close all is well\n", fw)
    s.ctl("quarantine", "discard", str(s.ctl_json("quarantine", "list")[0]["id"]))
    s.fresh(s.alice), s.fresh(s.bob)
    at_hour(s, 9, 9)
    none(s, "a day with nothing is quiet")
    at_hour(s, 700, 9)
    m = one_digest(s)
    expect("5 key alarms" in m.subject and "security@pumps.example (this gateway): expires " in m.text and "alice: expires " in m.text, "keys", m.subject, m.text)
    s.command(s.alice, "#reopen it is back\n", fw)
    none(s, "not today")
    at_hour(s, 1, 9)
    m = one_digest(s)
    expect("1 open" in m.subject, "a clock that was years ahead silences no day after", m.subject)


# ---- a clock that jumps ----
def clock_jumps(s):
    """A jump holds what is released, over a restart, until somebody confirms the time; a jump back lets go."""
    mails = []

    def heard(words):
        def look():
            mails.extend(s.fresh(s.alice))
            return any(words in m.subject for m in mails)
        wait(look, "alice hears: " + words)
        return next(m for m in mails if words in m.subject)

    s.set_clock(0)
    env = s.clock()
    s.deliver(s.report())
    s.once()
    fw = s.one(s.alice)
    r = s.command(s.alice, "#description\nIt does.\n#end\n#product Pump 1.0\n#remind +1d still awake\n#notify cisa\n", fw)
    token = re.search(r"#approve ([a-z2-7]{16})", r.text).group(1)
    with s.daemon(env) as d:
        d.says("keys ready")
        s.set_clock(240)
        d.says("inbox online")
        expect("not held" in s.ctl("clock"), "four minutes are no jump")
        s.set_clock(240 + 7300)
        m = heard("has jumped 2 hours forward: releases are held")
        expect("embargoctl clock accept" in m.text and m.encrypted, "what to do", m.text)
        expect("HELD, the clock has jumped 2 hours forward" in s.ctl("clock") and "releases are held" in s.ctl("status"), "shown")
        wait(lambda: not s.ctl_json("outbox"), "all is sent")
    r = s.command(s.alice, "#approve %s\n" % token, fw)
    expect("FAILED" in r.text and "has jumped 2 hours forward" in r.text.replace("\n        ", " ") and not s.fresh(s.cisa), "held over a restart", r.text)
    with s.daemon(env) as d:
        d.says("keys ready")
        s.set_clock(100)
        heard("clock is back: releases go on")
        expect("not held" in s.ctl("clock"), "let go")
        s.set_clock(100000)
        heard("has jumped 27 hours forward")
        heard("Reminder: still awake")
        s.set_clock(50000)
        heard("has jumped 13 hours forward")
        s.set_clock(100000)
        wait(lambda: d.log().count("the clock has jumped") == 4, "it jumps forward once more")
        d.says("kind=alarm", 8)
        wait(lambda: not s.ctl_json("outbox"), "all is sent")
    mails.extend(s.fresh(s.alice))
    expect(len([m for m in mails if "still awake" in m.subject]) == 1, "of what was told before nobody is told again")
    expect("HELD" in s.ctl("clock") and "no longer held" in s.ctl("clock", "accept") and "not held" in s.ctl("clock"), "confirmed")
    r = s.command(s.alice, "#approve %s\n" % token, fw)
    expect("FAILED" not in r.text and len(s.fresh(s.cisa)) == 1, "released", r.text)


CONF = "profile = \"medical-device\"\nproduct \"Pump 9\" {\n  class = \"medical-device\"\n}\n"
TELL = """deadline "tell" {
  title = "Tell the coordinator"
  starts_at = "received"
  span = "10d"
  met_by = {"notice:cisa"}
  remind = {"-1d assignee"}
}
"""
STORIES = [what_only_people_know, reminded_as_asked, told_when_accepted, killed_in_between, ids_and_matrix, daily_digest, clock_jumps]
SETUP = {what_only_people_know: {"extra": CONF}, told_when_accepted: {"extra": TELL}, ids_and_matrix: {"extra": "clinical_high = critical\n"},
         daily_digest: {"extra": "profile = generic\n"}}

if __name__ == "__main__":
    sys.exit(main(STORIES, SETUP))
