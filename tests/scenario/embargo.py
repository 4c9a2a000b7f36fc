#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Stories: the embargo and the facts that end it, by mail. Real binaries, real gpg, maildirs."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from commands import live, ok, opened, refused  # noqa: E402
from gateway import expect  # noqa: E402
from story import main  # noqa: E402


def at(s):
    """Where the embargo stands: its state, its end, what is proposed."""
    c = s.show()
    return c["embargo"], c["embargo_until"], c["embargo_proposed"]


@live
def dates(s):
    """The earlier date holds at once, a later one is a revision; the instant is shown; refusals change nothing."""
    fw, = opened(s)
    state, default, proposed = at(s)
    expect(state == "Active" and default and not proposed, "the default embargo holds", at(s))
    r = ok(s.command(s.alice, "#embargo propose 2099-05-01T10:00Z\n", fw), "#embargo")
    expect("(2099-05-01T10:00:00Z)" in r.text, "the exact instant is shown", r.text)
    state, until, proposed = at(s)
    expect(state == "Revise" and until == default and proposed, "an extension is only proposed", at(s))
    refused(s.command(s.bob, "#embargo reject\n#embargo accept\n", fw), "#embargo accept", "Active cannot accept")
    expect(at(s) == (state, until, proposed), "nothing was changed", at(s))
    ok(s.command(s.bob, "#embargo accept\n", fw), "#embargo")
    expect(at(s)[:2] == ("Active", proposed) and not at(s)[2], "the extension is agreed", at(s))
    ok(s.command(s.alice, "#embargo propose +10d\n", fw), "#embargo")
    state, until, longer = at(s)
    expect(state == "Revise" and until < default and longer == proposed, "the shorter one wins at once", at(s))
    ok(s.command(s.alice, "#embargo reject\n", fw), "#embargo")
    expect(at(s)[:2] == ("Active", until) and not at(s)[2], "the short one stands", at(s))
    refused(s.command(s.alice, "#embargo terminate\n", fw), "#embargo terminate", "the reason is missing")
    ok(s.command(s.alice, "#embargo terminate it leaked\n", fw), "#embargo")
    expect(at(s)[0] == "Exited", "it has ended", at(s))
    refused(s.command(s.alice, "#embargo propose +30d\n", fw), "#embargo propose +30d", "Exited cannot propose")
    r = ok(s.command(s.alice, "#history\n", fw), "#history")
    expect("ended: it leaked" in r.text, "the history says why", r.text)
    expect(not s.fresh(s.robin), "these commands write to nobody outside")


@live
def facts(s):
    """Facts need their order; an exploit that is public ends the embargo; #show tells how well it went."""
    fw, = opened(s)
    refused(s.command(s.alice, "#fix-ready\n", fw), "#fix-ready", "needs a case that is Accepted")
    refused(s.command(s.alice, "#public +2d\n", fw), "#public +2d", "in the future")
    expect(s.show()["facts"] == "Vfdpxa" and at(s)[0] == "Active", "nothing was changed", s.show())
    ok(s.command(s.bob, "#validate\n#accept\n#fix-ready\n#attacks\n", fw), "#fix-ready", "#attacks")
    expect(s.show()["facts"] == "VFdpxA" and at(s)[0] == "Active", "attacks end it only when a lead says so", s.show())
    refused(s.command(s.alice, "#embargo propose +5d\n", fw), "#embargo propose +5d", "attacks were observed")
    ok(s.command(s.bob, "#exploit-public https://blog.example/poc\n", fw), "#exploit-public")
    c = s.show()
    expect(c["facts"] == "VFdPXA" and c["embargo"] == "Exited", "public, and ended", c)
    expect([f["value"] for f in c["fields"] if f["name"] == "reference"] == ["https://blog.example/poc"], "the link is kept", c)
    expect(c["order"]["F<P"] is True and c["order"]["D<P"] is False and len(c["order"]) == 12, "the twelve preferences", c["order"])
    r = ok(s.command(s.alice, "#show\n", fw), "#show")
    expect("F<P+" in r.text and "D<P-" in r.text and "Exited since" in r.text, "#show tells the same", r.text)


STORIES = [dates, facts]

if __name__ == "__main__":
    sys.exit(main(STORIES, {}))
