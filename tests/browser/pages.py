#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The pages in a real browser: on a phone and on a desk, light, dark and printed. No page is wider than its window, asks for anything but
itself, or runs what is in it; axe-core finds nothing that keeps people out; html-validate finds no fault. The pictures are kept in
tests/browser/shots of the build folder, for eyes."""
import functools
import http.server
import json
import os
import re
import subprocess
import sys
import tempfile
import threading

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "support"))
from channel import build_folder  # noqa: E402
from chromium import Chromium, Unavailable  # noqa: E402

PAGES = ("advisories/full", "advisories/withdrawn", "advisories/bare", "advisories/hostile", "advisories/many", "index", "2025", "empty")
WINDOWS = (("phone", 390, 844), ("desk", 1280, 900))
# What is wider than the window, by more than a rounding.
WIDE = """(() => { const w = document.documentElement.clientWidth; return document.documentElement.scrollWidth <= w ? [] :
  [...document.querySelectorAll('body *')].filter(e => e.getBoundingClientRect().right > w + 1).slice(0, 5).map(e => e.outerHTML.slice(0, 120))
  .concat('page of ' + document.documentElement.scrollWidth + ' in ' + w) })()"""
AXE = "axe.run(document, {resultTypes: ['violations']}).then(r => r.violations.map(v => v.id + ': ' + v.help + ' ' + v.nodes.map(n => n.html + ' ' + " \
      "n.failureSummary).slice(0, 3).join(' | ')))"
SMALL = "[...document.querySelectorAll('body *')].filter(e => e.textContent.trim() && parseFloat(getComputedStyle(e).fontSize) < %d).map(e => e.outerHTML.slice(0, 80))"
problems, counts = [], {"looked at": 0, "axe": 0}


def check(ok, what):
    if not ok:
        problems.append(what)


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *args):
        pass


def serve(folder):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=folder))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return "http://127.0.0.1:%d/" % server.server_address[1], server


def npm():
    done = subprocess.run([os.path.join(HERE, "..", "npm", "install")], stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        print("SKIP: see above" if done.returncode == 77 else "FAILED: the npm packages of the tests are not there")
        sys.exit(done.returncode)
    return os.path.join(done.stdout.strip(), "node_modules")


def lock_names_no_host():
    with open(os.path.join(HERE, "..", "npm", "package-lock.json"), encoding="utf-8") as f:
        check("http" not in f.read(), "tests/npm/package-lock.json names a host")


def html_is_valid(folder, modules):
    program = os.path.join(modules, "html-validate", "bin", "html-validate.mjs")
    done = subprocess.run(["node", program, "--config", os.path.join(HERE, "html-validate.json"), "--formatter", "json",
                           *[p + ".html" for p in PAGES]], cwd=folder, stdout=subprocess.PIPE, text=True, check=False)
    results = json.loads(done.stdout)
    check(done.returncode == 0, "html-validate ended with %d" % done.returncode)
    for result in results:
        for m in result["messages"]:
            problems.append("%s:%d:%d: %s: %s" % (os.path.relpath(result["filePath"], folder), m["line"], m["column"], m["ruleId"], m["message"]))
    return len(results) if results else len(PAGES) * (done.returncode == 0)


def validator_sees_faults(folder, modules):
    """A broken page is red: the validator is at work."""
    with open(os.path.join(folder, "broken.html"), "w", encoding="utf-8") as f:
        f.write("<!doctype html>\n<html lang=\"en\"><head><title>x</title></head><body><p><h2>x</h2></p><img src=\"x\"></body></html>\n")
    done = subprocess.run(["node", os.path.join(modules, "html-validate", "bin", "html-validate.mjs"), "--config",
                           os.path.join(HERE, "html-validate.json"), "broken.html"], cwd=folder, stdout=subprocess.PIPE, check=False)
    check(done.returncode == 1, "html-validate takes a broken page")


def look(page, url, name, axe, shots):
    """axe: None where another view of the same page is looked through as thoroughly, and photographed."""
    page.open(url)
    counts["looked at"] += 1
    check(page.requests == [url], "%s asks for %s" % (name, page.requests))
    wide = page.eval(WIDE)
    check(not wide, "%s is too wide: %s" % (name, wide))
    small = page.eval(SMALL % (10 if name.endswith("print") else 12))
    check(not small, "%s has small letters: %s" % (name, small))
    check(page.eval("document.scripts.length + document.images.length + document.querySelectorAll('iframe,object,embed,link[rel=stylesheet]').length") == 0,
          "%s has what it must not have" % name)
    check(page.eval("document.styleSheets.length === 1 && document.styleSheets[0].cssRules.length > 20"), "%s: its sheet is not let in" % name)
    if axe:
        page.screenshot(os.path.join(shots, name + ".png"))
        page.eval(axe)
        counts["axe"] += 1
        for violation in page.eval(AXE):
            problems.append("%s: axe: %s" % (name, violation))
    check(not page.complaints, "%s: the browser complains: %s" % (name, page.complaints))


def colours_follow(page, url, dark):
    r, g, b = map(int, re.findall(r"\d+", page.eval("getComputedStyle(document.body).backgroundColor"))[:3])
    check((r + g + b < 150) == dark, "%s: the paper is %d %d %d" % (url, r, g, b))


def keyboard_finds_the_text(page, url):
    """The first stop of the tabulator is the link that skips to the text; it can be seen then."""
    page.open(url)
    for kind in ("keyDown", "keyUp"):
        page.call("Input.dispatchKeyEvent", type=kind, key="Tab", code="Tab", windowsVirtualKeyCode=9)
    check(page.eval("document.activeElement.className === 'skip' && document.activeElement.getBoundingClientRect().left >= 0"), "no skip link")
    check(page.eval("document.querySelector(document.activeElement.getAttribute('href')).tagName === 'MAIN'"), "the skip link leads elsewhere")


def axe_sees_faults(page, url, axe):
    page.open(url)
    page.eval("document.querySelector('h1').style.color = '#ccc'; document.documentElement.removeAttribute('lang')")
    page.eval(axe)
    found = " ".join(page.eval(AXE))
    page.eval("document.querySelector('main').insertAdjacentHTML('beforeend', '<p>' + 'x'.repeat(50) + '</p>');"
              "document.querySelector('main').lastChild.style.cssText = 'width:3000px'")
    check(page.eval(WIDE), "a wide page passes")
    check("html-has-lang" in found and "color-contrast" in found, "axe takes a broken page: " + found)


def policy_holds(page, url):
    """Even with a script and a picture in the page, nothing runs and nothing is fetched."""
    page.open(url)
    page.eval("document.body.insertAdjacentHTML('beforeend', '<img src=\"/2025.html\" onerror=\"document.title=1\"><iframe src=\"/2025.html\"></iframe>');"
              "const s = document.createElement('script'); s.textContent = 'document.title = \"ran\"'; document.body.append(s)")
    check(page.eval("new Promise(done => setTimeout(() => done(document.title), 200))") not in ("ran", "1"), "a script ran")
    check(any("violates" in c for c in page.complaints), "the policy says nothing: %s" % page.complaints)


def browse(browser, base, axe, shots):
    for window, width, height in WINDOWS:
        for dark in (False, True):
            page = browser.page(width=width, height=height, dark=dark)
            for name in PAGES:
                tone = "dark" if dark else "light"
                thorough = (window == "desk") == dark or name in PAGES[:1]
                look(page, base + name + ".html", "%s-%s-%s" % (os.path.basename(name), window, tone), axe if thorough else None, shots)
                colours_follow(page, name, dark)
            page.close()
    page = browser.page(width=794, height=1123, dark=True, medium="print")
    for name in PAGES[:2]:
        look(page, base + name + ".html", os.path.basename(name) + "-print", axe if name == PAGES[0] else None, shots)
        colours_follow(page, name, False)
        check(page.eval("getComputedStyle(document.querySelector('nav')).display") == "none", "links of the site are printed")
        page.pdf(os.path.join(shots, os.path.basename(name) + ".pdf"))
    page.close()
    page = browser.page(width=1280, height=900)
    keyboard_finds_the_text(page, base + "advisories/full.html")
    axe_sees_faults(page, base + "advisories/full.html", axe)
    policy_holds(page, base + "advisories/full.html")
    page.close()


def main():
    modules = npm()
    lock_names_no_host()
    with open(os.path.join(modules, "axe-core", "axe.min.js"), encoding="utf-8") as f:
        axe = f.read() + ";0"
    shots = os.path.join(build_folder(), "tests", "browser", "shots")
    os.makedirs(shots, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        site = os.path.join(folder, "site")
        os.mkdir(site)
        subprocess.run([os.path.join(build_folder(), "browser_pages"), site], check=True)
        base, server = serve(site)
        try:
            with Chromium(folder) as browser:
                browse(browser, base, axe, shots)
        except Unavailable as e:
            print("FAILED:", e)
            sys.exit(1)
        finally:
            server.shutdown()
        valid = html_is_valid(site, modules)
        validator_sees_faults(site, modules)
    for p in problems:
        print(p)
    print("%d pages validated, %d views, axe on %d of them; %d problems; pictures in %s" % (valid, counts["looked at"], counts["axe"], len(problems), shots))
    sys.exit(1 if problems else 0)


main()
