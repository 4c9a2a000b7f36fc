#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Scenarios of the clocks: who is reminded of what and when, and that no reminder comes twice or never. Time is moved."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from gateway import expect  # noqa: E402
from story import main  # noqa: E402

DAY = 86400


def reminders(s, who, name):
    """Of the mails that are new to that person: the reminders of that deadline."""
    return [m for m in s.fresh(who) if "Deadline:    %s\n" % name in m.text]


def at(s, days):
    s.once(code=None, env={"EMBARGOD_FAKE_TIME": "+%d" % (days * DAY)})


def an_uncontrolled_risk(s):
    s.deliver(s.report())
    s.once()
    fw = s.one(s.alice)
    s.fresh(s.bob)
    show = s.ctl("show", "EMB-2026-0001")
    expect("fda-30-days" not in show, "not yet known to be uncontrolled", show)
    s.command(s.alice, "#take\n#validate\n#accept\n#product \"Pump 9\" 1.0\n#clinical high serious\nAnybody on the network.\n#end\n", fw)
    show = s.ctl("show", "EMB-2026-0001")
    line = next((x for x in show.splitlines() if "(fda-30-days)" in x), "")
    expect(line.startswith("deadline:") and "running" in line, "embargoctl show has the deadline", show)
    expect("(fda-60-days)" in s.command(s.alice, "#show\n", fw).text, "#show has them too")
    expect(not any("mdr" in x for x in show.splitlines() if x.startswith("deadline")), "what has not begun is not shown", show)
    at(s, 10)
    expect(not reminders(s, s.alice, "fda-30-days"), "too early")
    at(s, 24)
    got, other = reminders(s, s.alice, "fda-30-days"), reminders(s, s.bob, "fda-30-days")
    expect(len(got) == 1 and not other, "the assignee, once, for the two points passed over", len(got), len(other))
    expect("Due " in got[0].subject and "comes near" in got[0].text and "VI.B" in got[0].text, "what, when and why", got[0].subject, got[0].text)
    expect("#notify" in got[0].text and "#filed fda-30-days REFERENCE" in got[0].text and "#reply status" not in got[0].text, "what meets it", got[0].text)
    expect(got[0].encrypted and got[0].outer["Subject"] == "[EMB-2026-0001] ...", "neutral outside", got[0].outer["Subject"])
    at(s, 24.2)
    expect(not reminders(s, s.alice, "fda-30-days"), "nothing twice")
    at(s, 20)
    expect(not reminders(s, s.alice, "fda-30-days"), "nor after the clock was set back")
    at(s, 29.5)
    got, other = reminders(s, s.alice, "fda-30-days"), reminders(s, s.bob, "fda-30-days")
    expect(len(got) == 1 and len(other) == 1, "the last day: all", len(got), len(other))
    at(s, 31.5)
    got = reminders(s, s.bob, "fda-30-days")
    expect(len(got) == 1 and "OVERDUE" in got[0].subject and "has passed" in got[0].text, "and when it has passed", *[m.subject for m in got])
    r = s.command(s.alice, "#filed fda-30-day X-1\n", fw)
    expect("did you mean" in r.text.lower() and "FAILED" in r.text, "a misspelt name is refused", r.text)
    s.command(s.alice, "#filed fda-30-days ACC-4711\n#due fda-60-days n/a the pumps are withdrawn\n#due status-update +90d\n", fw)
    show = s.ctl("show", "EMB-2026-0001")
    lines = [x for x in show.splitlines() if x.startswith("deadline:")]
    expect(any("(fda-30-days)" in x and ", met:" in x for x in lines) and not any("(fda-60-days)" in x for x in lines), "met, n/a", *lines)
    at(s, 62)
    expect(not [m for m in s.fresh(s.bob) if "Deadline:    fda-" in m.text], "and nobody is reminded of them any more")
    history = s.ctl("show", "EMB-2026-0001")
    expect(history.count("due.reminded") >= 3, "the history has the reminders", history)


def met_in_time(s):
    """A deadline that was met reminds nobody; a closed case neither."""
    s.deliver(s.report())
    s.once()
    fw = s.one(s.alice)
    s.command(s.alice, "#take\n#validate\n#accept\n#reply\nThank you.\n#end\n", fw)
    show = s.ctl("show", "EMB-2026-0001")
    expect(any(x.startswith("deadline:") and ", met" in x for x in show.splitlines()), "some are met", show)
    s.fresh(s.bob)
    s.command(s.alice, "#close it was a mistake\n", fw)
    s.fresh(s.alice), s.fresh(s.bob)
    at(s, 60)
    expect(not [m.subject for m in s.fresh(s.alice) + s.fresh(s.bob) if "Deadline:" in m.text], "a closed case is quiet")


def status_offered(s):
    """When a month is up the reminder holds the status mail, and #reply status sends just that."""
    s.deliver(s.report())
    s.once()
    fw = s.one(s.alice)
    ack = s.one(s.robin)
    s.command(s.alice, "#take\n#validate\n#accept\n#reply\nThank you.\n#end\n", fw)
    s.one(s.robin)
    at(s, 30.1)
    got = reminders(s, s.alice, "status-update")
    expect(len(got) == 1 and "#reply status" in got[0].text, "offered", *[m.text for m in got])
    offered = got[0].text.split("-" * 68 + "\n")[1]
    expect("EMB-2026-0001" in offered and "Robin Reporter" in offered, "to whom, about what", offered)
    expect("#reply" in got[0].text.split("Met by:")[1].split("Or,")[0], "what meets it", got[0].text)
    s.command(s.alice, "#reply status\n", got[0])
    sent = s.one(s.robin, "the status mail")
    lines = [x for x in offered.splitlines() if x.strip() and "your report stands on" not in x]
    expect(len(lines) > 5 and all(x in sent.text for x in lines), "as offered", offered, sent.text)
    expect(sent.encrypted and sent.subject.startswith("[EMB-2026-0001]") and ack.encrypted, "encrypted", sent.subject)


CONF = ("profile = {\"generic\", \"medical-device\"}\nproduct \"Pump 9\" {\n  class = \"medical-device\"\n}\n")
STORIES = [an_uncontrolled_risk, met_in_time, status_offered]
SETUP = {story: {"extra": CONF} for story in STORIES}

if __name__ == "__main__":
    sys.exit(main(STORIES, SETUP))
