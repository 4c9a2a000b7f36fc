# SPDX-License-Identifier: GPL-3.0-or-later
"""Debian's Chromium without a window, led over a pipe (the DevTools protocol): no port, no library, and nothing can be fetched from outside.

    from chromium import Chromium, Unavailable
    with Chromium(folder) as browser:                 # Unavailable: says what is missing
        page = browser.page(width=390, height=844, dark=False, medium="screen")
        page.open("http://127.0.0.1:8080/index.html") # waits until it is loaded
        page.eval("document.title")                   # a value, or of a promise what it comes to
        page.screenshot("shot.png")                   # the whole page
        page.pdf("page.pdf")
        page.requests, page.complaints                # URLs that were asked for; errors of the console, such as of the policy
"""
import base64
import json
import os
import select
import shutil
import subprocess
import time

PROGRAMS = ("chromium", "chromium-browser", "google-chrome-stable")
FLAGS = ("--headless", "--remote-debugging-pipe", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars", "--no-first-run",
         "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-extensions", "--disable-default-apps",
         "--force-color-profile=srgb", "--font-render-hinting=none", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
         "--disable-features=Translate,OptimizationHints,MediaRouter,DialMediaRouteProvider")


class Unavailable(Exception):
    """No browser: the message says what to install."""


class Chromium:
    def __init__(self, folder, limit=60):
        program = next((p for p in map(shutil.which, PROGRAMS) if p), None)
        if not program:
            raise Unavailable("there is no chromium: Debian has it in the package chromium")
        to_read, self.to = os.pipe()
        self.source, to_write = os.pipe()
        flags = [*FLAGS, "--user-data-dir=" + os.path.join(folder, "profile")] + (["--no-sandbox"] if os.getuid() == 0 else [])
        # The browser reads from its descriptor 3 and writes to 4. Ours are moved out of the way first.
        ends = [os.dup(to_read), os.dup(to_write)]
        os.close(to_read), os.close(to_write)
        script = 'exec 3<&%d 4>&%d; exec "$0" "$@"' % tuple(ends)
        self.log = open(os.path.join(folder, "chromium.log"), "wb")
        self.process = subprocess.Popen(["bash", "-c", script, program, *flags, "about:blank"], pass_fds=ends, stdin=subprocess.DEVNULL,
                                        stdout=self.log, stderr=self.log, env={**os.environ, "HOME": folder}, start_new_session=True)
        for end in ends:
            os.close(end)
        self.limit, self.buffer, self.number, self.pages = limit, b"", 0, {}

    def __enter__(self):
        self.call("Browser.getVersion")
        return self

    def __exit__(self, *args):
        try:
            os.write(self.to, b'{"id":0,"method":"Browser.close"}\0')
            self.process.wait(10)
        except (OSError, subprocess.TimeoutExpired):
            self.process.kill()
            self.process.wait()
        for end in (self.to, self.source):
            os.close(end)
        self.log.close()

    def message(self, until):
        while b"\0" not in self.buffer:
            ready, _, _ = select.select([self.source], [], [], max(0, until - time.monotonic()))
            data = os.read(self.source, 1 << 20) if ready else b""
            if not data:
                raise AssertionError("chromium %s" % ("ended" if ready else "does not answer"))
            self.buffer += data
        line, self.buffer = self.buffer.split(b"\0", 1)
        m = json.loads(line)
        page = self.pages.get(m.get("sessionId"))
        if "method" in m and page:
            page.event(m["method"], m["params"])
        return m

    def call(self, method, session=None, **params):
        self.number += 1
        request = {"id": self.number, "method": method, "params": params, **({"sessionId": session} if session else {})}
        data = json.dumps(request).encode() + b"\0"
        while data:
            data = data[os.write(self.to, data):]
        until = time.monotonic() + self.limit
        while True:
            m = self.message(until)
            if m.get("id") == self.number:
                if "error" in m:
                    raise AssertionError("%s: %s" % (method, m["error"]))
                return m["result"]

    def page(self, **how):
        return Page(self, **how)


class Page:
    def __init__(self, browser, width, height, dark=False, medium="screen"):
        self.browser, self.requests, self.complaints, self.loaded = browser, [], [], False
        target = browser.call("Target.createTarget", url="about:blank")["targetId"]
        self.target, self.session = target, browser.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        browser.pages[self.session] = self
        for domain in ("Page", "Network", "Log", "Runtime"):
            self.call(domain + ".enable")
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 600)
        self.call("Emulation.setEmulatedMedia", media=medium, features=[{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}])

    def call(self, method, **params):
        return self.browser.call(method, self.session, **params)

    def event(self, method, params):
        if method == "Network.requestWillBeSent":
            self.requests.append(params["request"]["url"])
        elif method == "Log.entryAdded" and params["entry"]["level"] in ("error", "warning"):
            self.complaints.append("%s %s" % (params["entry"]["text"], params["entry"].get("url", "")))
        elif method == "Runtime.consoleAPICalled" and params["type"] == "error":
            self.complaints.append(str(params["args"]))
        elif method == "Page.javascriptDialogOpening":
            self.complaints.append("a dialog: " + params["message"])
        elif method == "Page.loadEventFired":
            self.loaded = True

    def open(self, url):
        self.loaded, self.requests, self.complaints = False, [], []
        answer = self.call("Page.navigate", url=url)
        if answer.get("errorText"):
            raise AssertionError("%s: %s" % (url, answer["errorText"]))
        until = time.monotonic() + self.browser.limit
        while not self.loaded:
            self.browser.message(until)

    def eval(self, script):
        r = self.call("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in r:
            raise AssertionError("%s: %s" % (script[:80], r["exceptionDetails"]))
        return r["result"].get("value")

    def screenshot(self, path):
        size = self.call("Page.getLayoutMetrics")["cssContentSize"]
        clip = {"x": 0, "y": 0, "width": size["width"], "height": min(size["height"], 3000), "scale": 1}
        write(path, self.call("Page.captureScreenshot", captureBeyondViewport=True, clip=clip)["data"])

    def pdf(self, path):
        write(path, self.call("Page.printToPDF", printBackground=False, preferCSSPageSize=True, paperWidth=8.27, paperHeight=11.69)["data"])

    def close(self):
        self.browser.call("Target.closeTarget", targetId=self.target)


def write(path, data):
    with open(path, "wb") as f:
        f.write(base64.b64decode(data))
