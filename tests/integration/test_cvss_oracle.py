# SPDX-License-Identifier: GPL-3.0-or-later
"""embargoctl cvss against a second implementation, written from FIRST's specifications in another way than the daemon's: exact fractions
for 3.1, and for 4.0 the most severe vectors and the depths of each macrovector found by trying all vectors instead of tabulated. Only the
270 scores are the same data. All base vectors of 3.1, every macrovector of 4.0, random vectors of all groups, and broken ones."""
import itertools
import os
import random
import subprocess
import sys
from fractions import Fraction as F

TOP = os.environ.get("top_srcdir") or os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
CTL = os.path.join(os.environ.get("top_builddir", "."), "embargoctl")
RANDOM = random.Random(20261124)


def severity(tenths):
    return next(word for low, word in ((90, "Critical"), (70, "High"), (40, "Medium"), (1, "Low"), (0, "None")) if tenths >= low)


def half_up(x):
    return int(x * 10 + F(1, 2))


# ---- 3.1 ----
BASE31 = {"AV": "NALP", "AC": "LH", "PR": "NLH", "UI": "NR", "S": "UC", "C": "HLN", "I": "HLN", "A": "HLN"}
TEMPORAL31 = {"E": "XHFPU", "RL": "XUWTO", "RC": "XCRU"}
ENVIRONMENTAL31 = dict([("CR", "XHML"), ("IR", "XHML"), ("AR", "XHML")] + [("M" + k, "X" + v) for k, v in BASE31.items()])
WEIGHT = {"AV": dict(N="0.85", A="0.62", L="0.55", P="0.2"), "AC": dict(L="0.77", H="0.44"), "UI": dict(N="0.85", R="0.62"),
          "PRU": dict(N="0.85", L="0.62", H="0.27"), "PRC": dict(N="0.85", L="0.68", H="0.5"), "CIA": dict(H="0.56", L="0.22", N="0"),
          "E": dict(X="1", H="1", F="0.97", P="0.94", U="0.91"), "RL": dict(X="1", U="1", W="0.97", T="0.96", O="0.95"),
          "RC": dict(X="1", C="1", R="0.96", U="0.92"), "REQ": dict(X="1", H="1.5", M="1", L="0.5")}


def w(table, value):
    return F(WEIGHT[table][value])


def roundup(x):
    whole = int(x * 100000 + F(1, 2))
    return F(whole // 10000 + (whole % 10000 != 0), 10)


def score31(v):
    def part(get, environmental):
        keep = F(1)
        for k in "CIA":
            keep *= 1 - (w("REQ", v.get(k + "R", "X")) if environmental else 1) * w("CIA", get(k))
        iss = min(1 - keep, F("0.915")) if environmental else 1 - keep
        changed = get("S") == "C"
        if not changed:
            impact = F("6.42") * iss
        elif environmental:
            impact = F("7.52") * (iss - F("0.029")) - F("3.25") * (iss * F("0.9731") - F("0.02")) ** 13
        else:
            impact = F("7.52") * (iss - F("0.029")) - F("3.25") * (iss - F("0.02")) ** 15
        if impact <= 0:
            return F(0)
        ease = F("8.22") * w("AV", get("AV")) * w("AC", get("AC")) * w("PRC" if changed else "PRU", get("PR")) * w("UI", get("UI"))
        return roundup(min((impact + ease) * (F("1.08") if changed else 1), F(10)))
    time = w("E", v.get("E", "X")) * w("RL", v.get("RL", "X")) * w("RC", v.get("RC", "X"))
    if any(v.get(k, "X") != "X" for k in ENVIRONMENTAL31):
        return int(roundup(part(lambda k: v["M" + k] if v.get("M" + k, "X") != "X" else v[k], True) * time) * 10)
    return int(roundup(part(lambda k: v[k], False) * time) * 10)


# ---- 4.0 ----
BASE40 = {"AV": "NALP", "AC": "LH", "AT": "NP", "PR": "NLH", "UI": "NPA", "VC": "HLN", "VI": "HLN", "VA": "HLN", "SC": "HLN", "SI": "HLN",
          "SA": "HLN"}
THREAT40 = {"E": "XAPU"}
ENVIRONMENTAL40 = dict([("CR", "XHML"), ("IR", "XHML"), ("AR", "XHML")] + [("M" + k, "X" + ("S" if k in ("SI", "SA") else "") + v)
                                                                            for k, v in BASE40.items()])
SUPPLEMENTAL40 = {"S": "XNP", "AU": "XNY", "R": "XAUI", "V": "XDC", "RE": "XLMH", "U": ["X", "Clear", "Green", "Amber", "Red"]}
ORDER = {"AV": "NALP", "PR": "NLH", "UI": "NPA", "AC": "LH", "AT": "NP", "VC": "HLN", "VI": "HLN", "VA": "HLN", "SC": "SHLN", "SI": "SHLN",
         "SA": "SHLN", "CR": "HML", "IR": "HML", "AR": "HML"}


def eq1(m):
    n = [m["AV"] == "N", m["PR"] == "N", m["UI"] == "N"]
    return "0" if all(n) else "1" if any(n) and m["AV"] != "P" else "2"


def eq2(m):
    return "0" if (m["AC"], m["AT"]) == ("L", "N") else "1"


def eq36(m):
    high = [m["VC"] == "H", m["VI"] == "H", m["VA"] == "H"]
    three = "0" if high[0] and high[1] else "1" if any(high) else "2"
    return three + ("0" if any(h and m[r] == "H" for h, r in zip(high, ("CR", "IR", "AR"))) else "1")


def eq4(m):
    if "S" in (m["SI"], m["SA"]):
        return "0"
    return "1" if "H" in (m["SC"], m["SI"], m["SA"]) else "2"


class Set:
    """One equivalence set: for each of its levels the most severe vectors and the depth, by trying all vectors."""

    def __init__(self, level_of, **metrics):
        self.level_of, self.names = level_of, list(metrics)
        groups = {}
        for values in itertools.product(*metrics.values()):
            groups.setdefault(level_of(dict(zip(self.names, values))), []).append(values)
        self.most, self.depth = {}, {}
        for level, vectors in groups.items():
            places = [self.places(v) for v in vectors]
            self.most[level] = [p for p in places if not any(q != p and all(a <= b for a, b in zip(q, p)) for q in places)]
            self.depth[level] = 1 + max(self.distance_of(p, level) for p in places)

    def places(self, values):
        return tuple(ORDER[n].index(v) for n, v in zip(self.names, values))

    def distance_of(self, p, level):
        found = {sum(p) - sum(q) for q in self.most[level] if all(a <= b for a, b in zip(q, p))}
        assert len(found) == 1, "the specification's distance must not depend on which most severe vector is taken"
        return found.pop()

    def distance(self, m):
        return self.distance_of(self.places([m[n] for n in self.names]), self.level_of(m))


SETS = [Set(eq1, AV="NALP", PR="NLH", UI="NPA"), Set(eq2, AC="LH", AT="NP"),
        Set(eq36, VC="HLN", VI="HLN", VA="HLN", CR="HML", IR="HML", AR="HML"), Set(eq4, SC="HLN", SI="SHLN", SA="SHLN")]


def read_scores():
    found = {}
    with open(os.path.join(TOP, "tests", "corpus", "cvss", "macrovectors"), encoding="utf-8") as f:
        for line in f:
            if not line.startswith("#"):
                name, score = line.split()
                found[name] = F(score)
    assert len(found) == 270
    return found


SCORES = read_scores()


def effective(v):
    m = {k: v["M" + k] if v.get("M" + k, "X") != "X" else v[k] for k in BASE40}
    for k, worst in (("E", "A"), ("CR", "H"), ("IR", "H"), ("AR", "H")):
        m[k] = v.get(k, "X") if v.get(k, "X") != "X" else worst
    return m


def exact40(v):
    m = effective(v)
    if all(m[k] == "N" for k in ("VC", "VI", "VA", "SC", "SI", "SA")):
        return F(0)
    a, b, cf, d, e = eq1(m), eq2(m), eq36(m), eq4(m), str("APU".index(m["E"]))
    name = lambda a, b, cf, d, e: a + b + cf[0] + d + e + cf[1]
    up = lambda digit: str(int(digit) + 1)
    here = SCORES[name(a, b, cf, d, e)]
    below = {"00": ["01", "10"], "01": ["11"], "10": ["11"], "11": ["21"], "21": []}[cf]
    nexts = [[name(up(a), b, cf, d, e)], [name(a, up(b), cf, d, e)], [name(a, b, x, d, e) for x in below], [name(a, b, cf, up(d), e)]]
    shares, count = F(0), name(a, b, cf, d, up(e)) in SCORES
    for one, lower in zip(SETS, nexts):
        scores = [SCORES[x] for x in lower if x in SCORES]
        if scores:
            count += 1
            shares += (here - max(scores)) * F(one.distance(m), one.depth[one.level_of(m)])
    return min(max(here - (shares / count if count else 0), F(0)), F(10))


# ---- vectors ----
def text(version, v, order):
    return "CVSS:%s/%s" % (version, "/".join("%s:%s" % (k, v[k]) for k in order if k in v))


def pick(tables, chance):
    v = {}
    for table, p in zip(tables, chance):
        for k, values in table.items():
            if RANDOM.random() < p:
                v[k] = RANDOM.choice(values)
    return v


def all31():
    for values in itertools.product(*BASE31.values()):
        yield dict(zip(BASE31, values))
    for _ in range(4000):
        yield pick((BASE31, TEMPORAL31, ENVIRONMENTAL31), (1, RANDOM.choice((0, 0.5, 1)), RANDOM.choice((0, 0.3, 1))))


def all40():
    first = {}
    for values in itertools.product("ALN", "LH", "HLN", "HLN", "HL", "HLN", "HSN", "APU", "HL"):
        v = dict(zip(("AV", "AC", "VC", "VI", "VA", "SC", "MSI", "E", "CR"), values), AT="N", PR="L" if values[0] != "N" else "N", UI="N",
                 SI="N", SA="N", IR="M", AR="L")
        v["UI"] = "A" if values[0] == "L" else "N"
        m = effective(v)
        first.setdefault(eq1(m) + eq2(m) + eq36(m) + eq4(m) + str("APU".index(m["E"])), v)
    assert len(first) == 270, len(first)
    yield from first.values()
    for _ in range(8000):
        yield pick((BASE40, THREAT40, ENVIRONMENTAL40, SUPPLEMENTAL40), (1, RANDOM.choice((0, 1)), RANDOM.choice((0, 0.3, 1)), 0.2))


def broken(version, v, order):
    """A vector with one fault and a word of the message for it."""
    fields = text(version, v, order).split("/")
    metric = RANDOM.randrange(1, len(fields))
    base = RANDOM.randrange(1, 1 + (8 if version == "3.1" else 11))
    kind = RANDOM.choice(("missing", "twice", "value", "unknown", "slash", "colon", "order") if version == "4.0" else
                         ("missing", "twice", "value", "unknown", "slash", "colon"))
    if kind == "missing":
        name = fields.pop(base).split(":")[0]
        return "/".join(fields), name + " is missing"
    if kind == "twice":
        fields.append(fields[metric])
        return "/".join(fields), "stands twice"
    if kind == "value":
        fields[metric] = fields[metric].split(":")[0] + ":" + RANDOM.choice(("Q", "", "NN", "n"))
        return "/".join(fields), "cannot be"
    if kind == "unknown":
        fields.insert(metric, "ZZ:H")
        return "/".join(fields), "unknown metric 'ZZ'"
    if kind == "slash":
        return "/".join(fields) + "/", "a slash at the end"
    if kind == "colon":
        fields[metric] = fields[metric].replace(":", "")
        return "/".join(fields), "is no metric with its value"
    fields[base - 1 if base > 1 else 2], fields[base] = fields[base], fields[base - 1 if base > 1 else 2]
    return ("/".join(fields), "out of order") if fields[0].startswith("CVSS") else ("/".join(fields), "")


def main():
    lines, wanted, ties = [], [], 0
    order31, order40 = list(BASE31) + list(TEMPORAL31) + list(ENVIRONMENTAL31), \
        list(BASE40) + ["E", "CR", "IR", "AR"] + ["M" + k for k in BASE40] + list(SUPPLEMENTAL40)
    for v in all31():
        order = order31[:]
        if RANDOM.random() < 0.3:
            RANDOM.shuffle(order)
        lines.append(text("3.1", v, order))
        wanted.append(score31(v))
        if RANDOM.random() < 0.1:
            bad, word = broken("3.1", v, order31)
            lines.append(bad)
            wanted.append(word)
    for v in all40():
        exact = exact40(v)
        ties += (exact * 20) % 2 == 1
        lines.append(text("4.0", v, order40))
        wanted.append(half_up(exact))
        if RANDOM.random() < 0.1:
            bad, word = broken("4.0", v, order40)
            lines.append(bad)
            wanted.append(word)
    run = subprocess.run([CTL, "cvss"], input="\n".join(lines) + "\n", stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=300,
                         env=dict(os.environ, EMBARGOD_CONF="/nonexistent"))
    got = run.stdout.splitlines()
    assert run.stderr == "" and run.returncode == 1, (run.returncode, run.stderr)
    assert len(got) == len(lines), (len(got), len(lines))
    wrong = 0
    for line, want, out in zip(lines, wanted, got):
        good = out.startswith("error: ") and want in out if isinstance(want, str) else \
            out == "%d.%d %s" % (want // 10, want % 10, severity(want))
        if not good:
            wrong += 1
            if wrong <= 10:
                print("%s\n  wanted %s, got %s" % (line, want, out))
    numbers = sum(not isinstance(x, str) for x in wanted)
    print("%d vectors scored, %d refused, %d exact halves, %d wrong" % (numbers, len(wanted) - numbers, ties, wrong))
    assert numbers > 14000 and len(wanted) - numbers > 1000 and ties > 20
    return wrong != 0


def streams():
    """One line a line, whatever stands on it; arguments instead of lines; exit codes."""
    run = lambda args, text: subprocess.run([CTL, "cvss"] + args, input=text, stdout=subprocess.PIPE, text=True, timeout=60)
    good = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"
    out = run([], good + "\r\n  " + good + " \n\n" + good)
    assert (out.returncode, out.stdout) == (1, "9.8 Critical\n9.8 Critical\nerror: there is no vector\n9.8 Critical\n"), out
    out = run([good, good.replace("C:H/I:H/A:H", "C:N/I:N/A:N")], "not read\n")
    assert (out.returncode, out.stdout) == (0, "9.8 Critical\n0.0 None\n"), out
    out = run([good, "x"], "")
    assert (out.returncode, out.stdout.splitlines()[1][:7]) == (1, "error: "), out
    out = run([], "")
    assert (out.returncode, out.stdout) == (0, ""), out


streams()
sys.exit(main())
