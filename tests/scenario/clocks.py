#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Scenarios of what people tell the clocks, the daily digest, and a clock that jumps. Time is moved."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from gateway import expect  # noqa: E402
from story import main  # noqa: E402

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


CONF = "profile = \"medical-device\"\nproduct \"Pump 9\" {\n  class = \"medical-device\"\n}\n"
STORIES = [what_only_people_know, reminded_as_asked]
SETUP = {what_only_people_know: {"extra": CONF}}

if __name__ == "__main__":
    sys.exit(main(STORIES, SETUP))
