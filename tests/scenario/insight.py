#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Stories: who learns what. Notices by the role of their reader, a word of farewell, and what the invited hear in the end."""
import os
import re
import shutil
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from commands import ONE, live, ok, refused, token_of  # noqa: E402
from gateway import SRC, expect  # noqa: E402
from parties import invited, party, reported, say, silent, supplier  # noqa: E402
from story import SECRET, Story, main  # noqa: E402

FACTS = ("#take\n#validate\n#accept\n#title Pump takes any numbat\n#description\nAny firmware is taken: quokkaloader.\n#end\n#product \"Pump 9\" 1.0\n"
         "#clinical high critical\nOn any wombatward.\n#end\n#adverse-events One bandicoot died.\n#tag internaltag\n#fix-ready\n#fix 2.4 https://pumps.example/2.4\n"
         "#field malicious yes\n#credit Robin of the Lab\n#note\nThe intern did it.\n")


def words(m):
    return " ".join(m.text.split())


def notify(s, names, fw):
    ok(s.command(s.alice, "#approve %s\n" % token_of(ok(s.command(s.alice, "#notify %s\n" % names, fw))), fw))


class WithMany(Story):
    def init(self, analysts, stakeholders=(), **k):
        self.isac, self.ward = self.person("ISAC", "watch@isac.example"), self.person("Ward", "it@ward.example")
        out = super().init(analysts, list(stakeholders) + [(self.isac, "isac", "isac"), (self.ward, "ward", "other")], **k)
        self.set_conf('stakeholder "ward" {', 'stakeholder "ward" {\n  template = "customer"')
        folder = os.path.join(self.root, "templates")
        shutil.copytree(os.path.join(SRC, "templates"), folder)
        with open(os.path.join(folder, "en", "notices", "ward-round.txt"), "w") as f:
            f.write("Subject: [{{case.id}}] Round\nRequired: title, clinical\n\n{{reference_line}}\n\n{{title}}: {{clinical}} {{credit}}\n")
        with open(self.conf) as f:
            text = f.read()
        with open(self.conf, "w") as f:
            f.write('template_dir = "%s"\n' % folder + text)
        return out


@live
def notices_by_role(s):
    """Each stakeholder reads what its role may know, whatever template is named; credit goes to a coordinator, with consent."""
    ack, fw = reported(s)
    ok(s.command(s.alice, FACTS, fw))
    s.fresh(s.robin)
    notify(s, "fda cisa isac ward", fw)
    fda, cisa, isac, ward = (s.one(p, "notice") for p in (s.fda, s.cisa, s.isac, s.ward))
    for m in (fda, cisa, isac, ward):
        for w in ("quokkaloader", "Pump 9", "2.4, get it from"):
            expect(w in m.text, "what every notice must say: " + w, m.text)
        silent(m, "internaltag", "intern did it", "alice", SECRET)
    for w in ("wombatward", "bandicoot", "uncontrolled"):
        expect(w in words(fda), "the regulator reads " + w, fda.text)
    for m in (cisa, isac, ward):
        silent(m, "wombatward", "bandicoot")
    expect("Credit: Robin of the Lab" in words(cisa), "the coordinator reads who found it, as an analyst entered", cisa.text)
    for m in (fda, isac, ward):
        silent(m, "Robin")
    # the reporter takes it back
    say(s, s.robin, "#credit anonymous\n", ack)
    notify(s, "cisa", fw)
    m = s.one(s.cisa, "the update")
    expect("Credit: anonymous" in words(m) and "Robin" not in m.text, "no name against their word", m.text)
    say(s, s.robin, "#credit R. Eporter\n", ack)
    notify(s, "cisa", fw)
    expect("R. Eporter" in s.one(s.cisa).text, "by their own word")
    # another kind's template cannot fetch more than the role may know
    refused(s.command(s.alice, "#notify isac ward-round\n", fw), "#notify", "says what isac, as isac, may not know: clinical. Nothing was sent")
    notify(s, "fda ward-round", fw)
    expect("uncontrolled" in s.one(s.fda).text and not s.fresh(s.isac), "the same to whom it may")
    # who was invited gets nothing by another way
    ok(s.command(s.alice, "#remove isac\n#invite isac\n", fw))
    s.fresh(s.isac)
    refused(s.command(s.alice, "#notify isac\n", fw), "#notify", "isac was invited and has not accepted the embargo", "#remove isac")
    expect(not s.fresh(s.isac), "nothing went out")


@live
def a_farewell(s):
    """#remove tells them, without a word of the matter; the embargo that they accepted goes on, and they hear of its end."""
    ack, fw = reported(s)
    ok(s.command(s.alice, FACTS, fw))
    s.fresh(s.robin)
    sue, ira = supplier(s), supplier(s, "Ira Invited", "ira@parts.example")
    invitation = invited(s, fw, sue)
    say(s, sue, "#embargo accept\n", invitation)
    r = ok(s.command(s.alice, "#preview remove sue\n", fw))
    expect("You no longer take part" in r.text and not party(s, sue.address)["removed"] and not s.fresh(sue), "previewed", r.text)
    r = ok(s.command(s.alice, "#remove sue\n", fw))
    expect("they are told, in a mail of their own" in words(r) and "still binds them" in words(r), "the receipt", r.text)
    m = s.one(sue, "the farewell")
    until = s.show()["embargo_until"]
    expect(m.encrypted and m.signer == s.fpr and "goes on, until" in m.text and until[:10] in m.text, "what they still owe", m.text)
    expect(invitation["Message-ID"] in m["References"], "in their thread", m["References"])
    silent(m, "quokka", "numbat", "Pump 9", "libfw", "alice", "Robin", SECRET)
    expect(re.search(r"removed\.sent alice: To Sue", " ".join(s.ctl("show", ONE).split())), "in the history", s.ctl("show", ONE))
    got, seen = say(s, sue, "But why?\n", m)
    expect("removed" in seen[0].text and ONE not in seen[0].subject.split("]")[0], "their answer is a stranger's", seen[0].text)
    # one whose key does not work any more, in clear; one who never heard of it, not at all
    key = invited(s, fw, ira)
    expect(key.encrypted, "invited")
    ok(s.command(s.alice, "#key drop %s\n" % ira.fpr, fw))
    r = ok(s.command(s.alice, "#remove ira\n", fw))
    m = s.one(ira, "the farewell in clear")
    expect(not m.encrypted and m.signer == s.fpr and "goes on" not in m.text and "IN CLEAR" in r.text, "they owe nothing", m.text, r.text)
    silent(m, "quokka", "numbat", "Pump 9", "libfw", "alice", "Robin")
    s.fresh(sue)
    ok(s.command(s.alice, "#embargo terminate Robin has published\n", fw))
    expect("The embargo has ended" in s.one(sue, "the end").subject and not s.fresh(ira), "who was bound hears of the end")


def never_heard_of_it(s):
    """An invitation that waits for its #approve: who is removed before it went is not told, nor that the embargo is over."""
    s.deliver(s.report())
    s.once()
    fw = s.one(s.alice)
    ok(s.command(s.alice, "#invite fda\n#invite cisa\n", fw))
    r = ok(s.command(s.alice, "#remove fda\n", fw))
    expect("they are not told: nothing of ours ever went there" in words(r), "the receipt says so", r.text)
    ok(s.command(s.alice, "#public\n", fw))
    expect(not s.fresh(s.fda) and not s.fresh(s.cisa), "nobody hears of a case that they never heard of")


def ends(s, fact, public):
    ack, fw = reported(s)
    ok(s.command(s.alice, FACTS + "#cve CVE-2026-4711\n", fw))
    s.fresh(s.robin)
    sue, ira, noa = supplier(s), supplier(s, "Ira Invited", "ira@parts.example"), supplier(s, "Noa Never", "noa@parts.example")
    say(s, sue, "#embargo accept\n", invited(s, fw, sue))
    invitation = invited(s, fw, ira)
    say(s, noa, "#embargo reject\n", invited(s, fw, noa))
    r = ok(s.command(s.alice, "#preview attacks\n", fw))
    expect("only invited, told what is public: ira@parts.example" in words(r) and not s.fresh(ira), "previewed", r.text)
    ok(s.command(s.alice, fact, fw))
    m = s.one(ira, "the word")
    expect(m.encrypted and "need not accept it any more" in words(m) and invitation["Message-ID"] in m["References"], "it is over", m.text)
    expect(("CVE-2026-4711" in m.text) == public and ("Public: since" in words(m)) == public, "what is public", m.text)
    silent(m, "quokka", "numbat", "Pump 9", "libfw", "alice", "Robin", "ttack", "loit", SECRET)
    expect("no longer bound" in words(s.one(sue, "who keeps it")) and not s.fresh(noa), "who kept it reads more, who declined nothing")
    ok(s.command(s.alice, "#public\n" if not public else "#exploit-public\n", fw))
    expect(not s.fresh(ira), "once")


@live
def only_invited(s):
    """They hear that the embargo is over, once, and what is public: no reason, no detail, nobody's name."""
    ends(s, "#public\n", True)


@live
def only_invited_attacks(s):
    """The same when attacks ended it: that they happened is not public."""
    ends(s, "#attacks\n", False)


STORIES = [notices_by_role, a_farewell, never_heard_of_it, only_invited, only_invited_attacks]
SETUP = {notices_by_role: {"story": WithMany}, never_heard_of_it: {"extra": "gate_ask = 1"}}

if __name__ == "__main__":
    sys.exit(main(STORIES, SETUP))
