#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Stories: somebody works a case who knows #help and the receipts, and nothing else. What each mail says, and that it is true."""
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from commands import ONE, TWO, live, ok, opened, refused  # noqa: E402
from gateway import expect  # noqa: E402
from story import SECRET, main  # noqa: E402


def one_line(text):
    return re.sub(r"\s+", " ", text)


@live
def questions_are_answered(s):
    """A line that failed keeps no question of the same mail from its answer, and no line is said to be done that was not."""
    fw, = opened(s)
    r = refused(s.command(s.alice, "#validate\n#show\n#reply\nIt is as you said.\n#end\n#list\n#cwe many\n#due\n#history\n#key list\n#help reply\n", fw),
                "#cwe many")
    for line in ("#show", "#list", "#due", "#history", "#key list", "#help reply"):
        expect(re.search(r"^ok      %s$" % line, r.text, re.M), "answered: " + line, r.text)
        expect(re.search(r"^%s\n\n" % line, r.text, re.M), "the answer stands below: " + line, r.text)
    for line in ("#validate", "#reply"):
        expect(re.search(r"^skipped %s\n        not carried out, because this failed: #cwe many" % line, r.text, re.M), "left undone: " + line, r.text)
    expect("report:      Received" in r.text and SECRET in r.text and "case.opened" in r.text, "of the case as it is", r.text)
    expect("It is as you said." not in r.text and "will be sent" not in r.text and not s.fresh(s.robin), "nothing is said to go out, and nothing does", r.text)
    expect(s.show()["report"] == "Received", "nothing was changed")
    r = refused(s.command(s.alice, "#notify fda\n#show\n#help\n", fw), "#notify fda", "these facts are missing")  # only the letter's words are missing
    expect("report:      Received" in r.text and "#take " in r.text and "Waiting for release" not in r.text, "answered all the same", r.text)
    r = s.command(s.bob, "#show\n#list\n")
    expect("Receipt" in r.subject and "NOTHING" not in r.text and "could not be answered" in r.text, "who only asks is not told that nothing was changed", r.subject,
           r.text)
    expect("V vendor aware, F fix ready" in r.text, "#list says what its letters mean", r.text)
    expect(ONE in r.text and re.search(r"^FAILED  #show", r.text, re.M), "and hears what can be said", r.text)
    r = s.command(s.bob, "#help\n#key show nobody@nowhere.example.\n#key show nobody\n", fw)
    expect("Receipt" in r.subject and re.search(r"^FAILED  #key show nobody$", r.text, re.M) and "#take " in r.text, "a question without an answer", r.text)


@live
def help_that_suffices(s):
    """#help COMMAND: an example, dates, the names of this house; a wrong name is refused with the right ones."""
    fw, = opened(s)
    r = ok(s.command(s.alice, "#help notify\n#help embargo\n#help reply\n#help file\n#help party\n", fw))
    for words in ("Stakeholder or group: fda, cisa\n", "TEMPLATE: cisa, ", "Example:\n\n#notify fda cisa\n", "DATE: 2027-01-31 (at ", "or from now: +30d, +2w, +12h\n",
                  "#embargo propose 2027-03-31\n", "duplicate, plain, status, thanks", "Form: cisa-vince, ", "Participant: robin@lab.example\n"):
        expect(words in r.text, "the help says: " + words, r.text)
    r = s.command(s.alice, "#assign alcie\n#reply thnks\nThank you.\n#end\n#notify cias\n#party robin great\n#filed fda Z-0815\n#invite sue@chips.example bss\n", fw)
    for line, *why in (("#assign alcie", "did you mean alice?", "there are: alice, bob"), ("#reply thnks", "did you mean thanks?", "plain, status, thanks"),
                       ("#notify cias", "did you mean cisa?"), ("#party robin great", "there are: accepted, declined, "),
                       ("#filed fda Z-0815", "did you mean fda-806?"), ("#invite sue@chips.example bss", "\"bss\" is no role; there are: reporter, coordinator")):
        refused(r, line, *why)


@live
def the_end_of_an_embargo(s):
    """Who kept it reads where it is published, under which id, and thanks; a stakeholder is not addressed by the configuration's word."""
    fw, = opened(s)
    ok(s.command(s.alice, "#validate\n#accept\n#cve CVE-2026-12345\n#invite cisa\n#unwatch\n", fw))
    m = s.one(s.cisa, "invitation")
    expect("\nHello,\n" in m.text and "Dear" not in m.text, "no \"Dear cisa\"", m.text)
    s.deliver(s.cisa.encrypted(s.ADDRESS, "Re: " + m.subject, "#embargo accept\n\n" + m.quoted(), reply_to=m))
    s.once()
    s.fresh(s.cisa), s.fresh(s.robin), s.fresh(s.alice), s.fresh(s.bob)
    r = ok(s.command(s.alice, "#show\n", fw))
    expect("the default embargo\n" in r.text and "proposed by the default" not in r.text, "who proposed the date", r.text)
    r = ok(s.command(s.alice, "#unwatch\n#public 2026-11-01 https://pumps.example/pump-9\n#close fixed\n", fw))
    expect("you are on duty" in one_line(r.text) and "WARNING: nobody has answered the reporter yet" in one_line(r.text), "what goes on, and what was forgotten", r.text)
    for who in (s.cisa, s.robin):
        m = s.one(who, "the end")
        for words in ("\nCVE:         CVE-2026-12345\n", "\nSee:         https://pumps.example/pump-9\n", "Thank you for keeping the matter confidential"):
            expect(words in m.text, "the letter says: " + words, m.text)
        expect(not re.search(r"UTC \(20", m.text), "each instant once", m.text)


@live
def below_a_merge(s):
    """#show, #history and #due below #merge in the same mail have the letters and the history of both."""
    opened(s, "The pump", "The pump again")
    ok(s.command(s.bob, "#case %s\n#note\nAn okapi of the second.\n#end\n#remind 2099-01-01 the zebu of the second\n" % TWO))
    r = ok(s.command(s.alice, "#case %s\n#merge %s\n#show\n#history\n#due\n" % (ONE, TWO)), "#merge", "#show", "#history", "#due")
    shown, history, due = (r.text.split("\n#show\n")[1].split("\n#history\n")[0], r.text.split("\n#history\n")[1].split("\n#due\n")[0],
                           r.text.split("\n#due\n")[-1])
    expect("An okapi of the second." in shown and "Subject: The pump again" in shown and "Subject: The pump\n" in shown, "the letters of both", r.text)
    expect(history.count("case.opened") == 2 and "which this mail has merged into it" in history, "the history of both", history)
    expect("the zebu of the second" in due, "the reminders of both", due)
    after = s.command(s.alice, "#case %s\n#show\n" % ONE).text
    expect("An okapi of the second." in after and "which this mail" not in after, "and afterwards it is one", after)


@live
def nothing_to_spam(s):
    """What waits for a release does not go out once the case is spam; it can be dropped."""
    opened(s)
    r = s.command(s.alice, "#case %s\n#reply\nThank you.\n" % ONE)  # no #end, nothing to cut: it waits
    m = re.search(r"#approve ([a-z2-7]{16})$", r.text, re.M)
    expect(m and not s.fresh(s.robin), "it waits", r.text)
    ok(s.command(s.alice, "#case %s\n#spam\n" % ONE), "#spam")
    refused(s.command(s.alice, "#approve %s\n" % m.group(1)), "#approve", "marked as spam", "#cancel " + m.group(1))
    ok(s.command(s.alice, "#cancel %s\n" % m.group(1)), "#cancel")
    expect(not s.fresh(s.robin) and not s.ctl_json("pending"), "nothing went out, nothing waits")


@live
def details_held_back(s):
    """An acceptance unlocks details that the case's marking has come to forbid: the analysts are told, and the history tells no other tale."""
    fw, = opened(s)
    ok(s.command(s.alice, "#invite cisa\n", fw))
    m = s.one(s.cisa, "invitation")
    ok(s.command(s.alice, "#tlp RED\n", fw))
    s.deliver(s.cisa.encrypted(s.ADDRESS, "Re: " + m.subject, "#embargo accept\n\n" + m.quoted(), reply_to=m))
    s.once()
    got = s.fresh(s.cisa)
    expect(len(got) == 1 and "Answer" in got[0].subject, "the answer, and no details", *[x.subject for x in got])
    expect(any("The details did not go out" in x.text for x in s.fresh(s.alice)), "the analysts are told")
    history = s.ctl("show", ONE).split("---- History")[1]
    expect(re.search(r"party\.details-held +the details for central@cisa\.example did not go out: .*TLP:RED", history), "why, in the history", history)
    expect("party.details " not in history, "which does not say that they went", history)


STORIES = [questions_are_answered, help_that_suffices, the_end_of_an_embargo, below_a_merge, nothing_to_spam, details_held_back]

if __name__ == "__main__":
    sys.exit(main(STORIES, {below_a_merge: {"extra": "profile = {\"generic\"}"}}))
