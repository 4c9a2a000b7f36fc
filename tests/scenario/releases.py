#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Scenarios of what waits for a person's word, and of the figures. Time is moved."""
import os
import re
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from gateway import expect  # noqa: E402
from story import main  # noqa: E402

HOUR = 3600
CASE = "EMB-2026-0001"


def at(s, hours):
    s.once(code=None, env={"EMBARGOD_FAKE_TIME": "+%d" % int(hours * HOUR)})


def waits(s, who):
    return [m for m in s.fresh(who) if "] Waits for your release: " in m.subject]


def expired(s, who):
    return [m for m in s.fresh(who) if "] Not released in time" in m.subject]


def token_of(text):
    return re.search(r"#approve ([a-z2-7]{16})", text).group(1)


def reminded_and_expired(s):
    """gate 1: who asked is reminded from time to time, and told when it has expired; listed everywhere; nothing twice."""
    s.deliver(s.report())
    s.once()
    fw = s.one(s.alice)
    r = s.command(s.bob, "#product Pump 1.0\n#description\nIt leaks.\n#end\n#notify cisa\n", s.one(s.bob))
    token = token_of(r.text)
    expect(not waits(s, s.bob) + waits(s, s.alice), "who asked has just seen it")
    r = s.command(s.alice, "#list pending\n", fw)
    expect("%s  #notify by bob, needs who asked" % CASE in r.text and "#approve " + token in r.text, "#list pending", r.text)
    p, = s.ctl_json("pending")
    expect(p["token"] == token and p["case"] == CASE and p["by"] == "bob" and p["persons"] == 1, "embargoctl pending", p)
    at(s, 9)
    expect(not waits(s, s.bob), "too early")
    at(s, 10.5)
    got = waits(s, s.bob)
    expect(len(got) == 1 and "#approve " + token in got[0].text and "It leaks." in got[0].text and got[0].encrypted, "reminded, with what waits", *[m.text for m in got])
    at(s, 11)
    expect(not waits(s, s.bob) + waits(s, s.alice), "once in ten hours, and nobody else")
    at(s, 21)
    expect(len(waits(s, s.bob)) == 1, "and once more")
    at(s, 30.5)
    got = expired(s, s.bob)
    expect(len(got) == 1 and "It leaks." in got[0].text and got[0].encrypted, "told that it expired", *[m.subject for m in got])
    at(s, 31)
    expect(not expired(s, s.bob) + expired(s, s.alice), "once")
    expect(not s.ctl_json("pending") and "release.expired" in s.ctl("show", CASE) and not s.fresh(s.cisa), "nothing waits and nothing was sent")
    r = s.command(s.bob, "#approve %s\n" % token, fw)
    expect("FAILED" in r.text and not s.fresh(s.cisa), "the token is void", r.text)


def a_second_person_hears(s):
    """gate 2: the lead analysts hear at once, with what is to be sent; a released one is no longer spoken of; one who may not is not told."""
    s.deliver(s.report())
    s.once()
    fw = s.one(s.alice)
    s.fresh(s.bob)
    s.command(s.bob, "#product Pump 1.0\n#description\nIt leaks.\n#end\n#notify cisa\n", fw)
    got = waits(s, s.alice)
    expect(len(got) == 1 and "bob asks for a second person's word" in got[0].text and "Subject: [%s] TLP:AMBER" % CASE in got[0].text, "the lead hears at once", *[m.text for m in got])
    expect(not waits(s, s.bob), "who asked does not")
    s.command(s.alice, "#approve %s\n" % token_of(got[0].text), got[0])
    expect("It leaks." in s.one(s.cisa).text, "released by an answer to that mail")
    at(s, 40)
    expect(not waits(s, s.alice) + expired(s, s.bob), "no more of it")
    r = s.command(s.alice, "#notify fda\n", fw)
    expect("second person" in r.text and not waits(s, s.alice), "the only lead may not release her own", r.text)
    got = [m for m in s.fresh(s.bob) if "Waits for your release" in m.subject]
    expect(len(got) == 1, "somebody hears when nobody could release it", len(got))


def no_longer_true(s):
    """The case changed after the notice was shown: the release is refused with the way on; as-shown sends it all the same. A token alone
    names its case, and the receipt says what went out."""
    def alone(text):
        s.deliver(s.bob.encrypted(s.ADDRESS, "a word", text))
        s.once()
        return [m for m in s.fresh(s.bob) if "Receipt" in m.subject or "changed" in m.subject][0]
    s.deliver(s.report())
    s.once()
    s.one(s.alice)
    fw = s.one(s.bob)
    r = s.command(s.bob, "#product Pump 1.0\n#description\nIt leaks.\n#end\n#notify cisa\n", fw)
    token = token_of(r.text)
    at(s, 1)
    s.command(s.bob, "#note\nNothing that the notice tells.\n#end\n#description\nIt bursts.\n#end\n", fw)
    r = alone("#approve %s\n" % token)
    words = " ".join(r.text.split())
    expect("FAILED" in r.text and "the case has changed since" in words and "#cancel " + token in words and token + " as-shown" in words, "refused, with the way on", r.text)
    expect(not s.fresh(s.cisa) and len(s.ctl_json("pending")) == 1, "nothing went out, and it still waits")
    r = alone("#approve %s as-shown\n" % token)
    expect("FAILED" not in r.text and "released: notice to cisa <%s>" % s.cisa.address in r.text and "Vulnerability in Pump" in r.text, "what was released", r.text)
    expect("It leaks." in s.one(s.cisa).text, "what was shown")
    token = token_of(s.command(s.bob, "#notify cisa\n", fw).text)
    s.command(s.bob, "#note\nNothing that the notice tells.\n#end\n#tag urgent\n", fw)
    r = alone("#approve %s\n" % token)
    m = s.one(s.cisa)
    expect("FAILED" not in r.text and "It bursts." in m.text and "Update of our notice of 20" in m.subject, "unchanged in what it says: released, as an update", r.text, m.subject)
    token = token_of(s.command(s.bob, "#notify cisa\n", fw).text)
    r = alone("#cancel %s\n" % token)
    expect("FAILED" not in r.text and not s.ctl_json("pending") and not s.fresh(s.cisa), "dropped by its token alone", r.text)


def figures(s):
    """#stats and embargoctl stats: cases, times, deadlines, preferences; periods."""
    s.deliver(s.report())
    s.once()  # their key is known then: the second report is acknowledged in full, too
    s.deliver(s.report(subject="Another hole", text="The alarm can be muted.\n"))
    s.once()
    fw = sorted([m for m in s.fresh(s.alice) if "New report" in m.subject], key=lambda m: m.subject)
    s.command(s.alice, "#validate\n#accept\n#fix-ready\n#fix-deployed\n#reply\nThank you.\n#end\n#close fixed\n", fw[0])
    r = s.command(s.alice, "#stats\n", fw[0])
    for line in ("cases opened:     2", "cases closed:     1", "open now:         1", "acknowledged:     2 of 2", "validated:        1 of 2, after", "fix deployed:     1 of 2"):
        expect(line in r.text, "the figures: " + line, r.text)
    met = [x for x in r.text.splitlines() if x.strip().startswith(CASE) and " of 12 met, " in x]
    expect(len(met) == 1, "the preferences of the closed case", r.text)
    j = s.ctl_json("stats", str(time.gmtime().tm_year))
    expect(j["opened"] == 2 and j["closed"] == 1 and j["times"]["validation"]["count"] == 1 and j["times"]["validation"]["median_s"] is not None, "json", j)
    shown = s.show()["order"]
    expect(j["preferences"] == [{"case": CASE, "met": sum(v is True for v in shown.values()), "of": 12, "unmet": sum(v is False for v in shown.values()),
                                 "open": sum(v is None for v in shown.values())}] and "%2d of 12" % j["preferences"][0]["met"] in met[0], "as #show has them", j)
    expect(j["deadlines"]["met"] >= 2 and j["deadlines"]["missed"] == 0, "deadlines met: a first answer, the decision", j["deadlines"])
    s.once(code=None, env={"EMBARGOD_FAKE_TIME": "+%d" % (20 * 86400)})
    expect(s.ctl_json("stats", "2001")["opened"] == 0, "another year")
    r = s.command(s.alice, "#stats 2026-Q5\n", fw[0])
    expect("FAILED" in r.text and "2026-Q3" in r.text, "no period", r.text)
    expect("#file NAME" in s.ctl("help", "commands") and "text stands on the lines below" in s.ctl("help", "commands", "reply"), "embargoctl help commands")
    s.ctl("help", "commands", "relpy", code=64)


STORIES = [reminded_and_expired, a_second_person_hears, no_longer_true, figures]
SETUP = {reminded_and_expired: {"extra": "pending_remind_h = 10\npending_expires_h = 30"},
         a_second_person_hears: {"extra": "gate_notify = 2\npending_remind_h = 10\npending_expires_h = 30"},
         figures: {"extra": "profile = {\"generic\"}"}}

if __name__ == "__main__":
    sys.exit(main(STORIES, SETUP))
