# SPDX-License-Identifier: GPL-3.0-or-later
"""SEND_GET: what embargod-send fetches for a key look-up, and what it refuses to be led to."""
import http.server
import os
import subprocess
import sys
import tempfile
import threading
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import certs as certificates  # noqa: E402
from channel import C, Helper, build_folder  # noqa: E402
from smtp_sink import server_context  # noqa: E402

ALLOW = {"EMBARGOD_TEST_ALLOW_LOOPBACK": "1"}


class Web:
    """https on loopback; pages: {path: (status, {header: value}, body)}; seen: the requests' heads."""

    def __init__(self, pair):
        web = self
        self.pages, self.seen, self.connections = {}, [], 0

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                web.seen.append((self.path, dict(self.headers)))
                status, headers, body = web.pages.get(self.path.split("?")[0], (404, {}, b"none"))
                if callable(body):
                    return body(self)
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                if "Content-Length" not in headers:
                    self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True

            def get_request(self):
                web.connections += 1
                sock, address = self.socket.accept()
                sock.settimeout(10)
                return web.context.wrap_socket(sock, server_side=True, do_handshake_on_connect=False), address

            def handle_error(self, *_):
                pass

        self.context = server_context(pair)
        self.server = Server(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def url(self, path, host="localhost"):
        return "https://%s:%d%s" % (host, self.port, path)

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


class Get(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.certs = certificates.Certs(os.path.join(cls.folder.name, "certs"))
        with open(os.path.join(build_folder(), "config.h"), encoding="utf-8") as f:
            cls.loopback = "#define EMBARGOD_FAILPOINTS 1" in f.read()

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def web(self, pair=None):
        web = Web(pair or self.certs.good)
        self.addCleanup(web.stop)
        return web

    def helper(self, env=None, timeout_ms=20000, ca=None):
        helper = Helper("embargod-send", env=ALLOW if env is None else env)
        self.addCleanup(helper.__exit__)
        helper.config([(C.SEND_TAG_URL, "https:"), (C.SEND_TAG_CA_FILE, ca or self.certs.ca),
                       (C.SEND_TAG_TIMEOUT_MS, timeout_ms)])
        return helper

    def get(self, helper, url, limit=100000):
        """-> body, or (status, code, text)"""
        answer = helper.call(C.SEND_GET, [(C.SEND_TAG_URL, url), (C.SEND_TAG_MAX, limit)])
        if answer.type == C.SEND_GOT:
            return answer.get(C.TAG_BYTES)
        self.assertEqual(answer.type, C.CH_ERROR)
        return answer.get(C.TAG_STATUS, int), answer.get(C.SEND_TAG_CODE, int), answer.get(C.TAG_TEXT, str)

    def needs_loopback(self):
        if not self.loopback:
            self.skipTest("built without --enable-failpoints: loopback is refused, as it should be")

    def refused(self, helper, url, status=None, **kwargs):
        result = self.get(helper, url, **kwargs)
        self.assertIsInstance(result, tuple, url)
        self.assertEqual(result[0], C.ST_REJECT if status is None else status, result)
        self.assertTrue(result[2])
        return result

    def test_document(self):
        self.needs_loopback()
        web, helper = self.web(), self.helper()
        key = bytes(range(256)) * 300
        web.pages["/key"] = (200, {"Set-Cookie": "a=b", "Content-Type": "application/octet-stream"}, key)
        for _ in range(2):
            self.assertEqual(self.get(helper, web.url("/key?l=Joe.Doe")), key)
        path, headers = web.seen[1]
        self.assertEqual(path, "/key?l=Joe.Doe")
        for name in ("Cookie", "Authorization", "Referer", "Accept-Encoding"):
            self.assertNotIn(name, headers)
        web.pages["/empty"] = (200, {}, b"")
        self.assertEqual(self.get(helper, web.url("/empty")), b"")

    def test_http_status(self):
        self.needs_loopback()
        web, helper = self.web(), self.helper()
        for code, status in ((404, C.ST_REJECT), (410, C.ST_REJECT), (403, C.ST_REJECT), (204, C.ST_REJECT),
                             (500, C.ST_RETRY), (503, C.ST_RETRY), (429, C.ST_RETRY)):
            web.pages["/x"] = (code, {}, b"")
            self.assertEqual(self.get(helper, web.url("/x"))[:2], (status, code))

    def test_size_cap(self):
        self.needs_loopback()
        web, helper = self.web(), self.helper()
        web.pages["/k"] = (200, {}, b"x" * 5000)
        self.assertEqual(len(self.get(helper, web.url("/k"), limit=5000)), 5000)
        self.assertIn("4999", self.refused(helper, web.url("/k"), limit=4999)[2])

        def endless(handler):
            handler.wfile.write(b"HTTP/1.1 200 OK\r\n\r\n")
            while True:
                handler.wfile.write(b"y" * 65536)

        def endless_headers(handler):
            handler.wfile.write(b"HTTP/1.1 200 OK\r\n")
            while True:
                handler.wfile.write(b"X: " + b"y" * 1000 + b"\r\n")

        web.pages["/endless"] = (200, {}, endless)
        web.pages["/headers"] = (200, {}, endless_headers)
        start = time.monotonic()
        self.refused(helper, web.url("/endless"))
        self.assertIsInstance(self.get(helper, web.url("/headers")), tuple)
        self.assertLess(time.monotonic() - start, 18)  # by its size, not by its time
        for limit in (0, -1):
            self.assertIsInstance(self.get(helper, web.url("/k"), limit=limit), tuple)

    def test_redirects(self):
        self.needs_loopback()
        web, helper = self.web(), self.helper()
        web.pages["/key"] = (200, {}, b"the key")
        for i in range(4):
            web.pages["/r%d" % (i + 1)] = (302, {"Location": "/r%d" % i if i else "/key"}, b"not this")
        self.assertEqual(self.get(helper, web.url("/r3")), b"the key")
        self.refused(helper, web.url("/r4"))
        web.pages["/loop"] = (301, {"Location": "/loop"}, b"")
        self.refused(helper, web.url("/loop"))

    def test_redirects_to_where_nobody_may_lead_us(self):
        self.needs_loopback()
        web, helper = self.web(), self.helper()
        plain = http.server.HTTPServer(("127.0.0.1", 0), http.server.BaseHTTPRequestHandler)
        self.addCleanup(plain.server_close)
        plain.timeout = 0.2
        asked = []
        plain.get_request, original = lambda: asked.append(1) or original(), plain.get_request
        for target in ("http://localhost:%d/" % plain.server_port, "file:///etc/passwd", "ftp://localhost/x",
                       "gopher://localhost:25/x", "https://10.0.0.1/", "https://192.168.1.1/", "https://[fe80::1]/",
                       "https://169.254.169.254/latest/meta-data/", "https://[::ffff:10.0.0.1]/", "https://0x0a000001/"):
            web.pages["/r"] = (302, {"Location": target}, b"")
            start = time.monotonic()
            self.refused(helper, web.url("/r"))
            self.assertLess(time.monotonic() - start, 18, target)
        plain.handle_request()
        self.assertEqual(asked, [])

    def test_private_addresses(self):
        web = self.web()
        web.pages["/key"] = (200, {}, b"the key")
        helper = self.helper(env={})
        for url in (web.url("/key"), web.url("/key", "127.0.0.1"), "https://127.0.0.1/", "https://[::1]/",
                    "https://10.1.2.3/", "https://172.16.0.1/", "https://192.168.0.1/", "https://169.254.169.254/",
                    "https://100.64.0.1/", "https://0.0.0.0/", "https://[fd00::1]/", "https://[fe80::1]/",
                    "https://[::ffff:127.0.0.1]/", "https://[64:ff9b::7f00:1]/", "https://2130706433/", "https://0x7f.1/"):
            start = time.monotonic()
            self.refused(helper, url)
            self.assertLess(time.monotonic() - start, 18, url)
        self.assertEqual(web.connections, 0)

    def test_environment_opens_loopback_only_in_test_builds(self):
        web, helper = self.web(), self.helper()
        web.pages["/key"] = (200, {}, b"the key")
        result = self.get(helper, web.url("/key"))
        self.assertEqual(result == b"the key", self.loopback)
        self.refused(helper, "https://10.0.0.1/")

    def test_other_schemes_and_forms(self):
        web, helper = self.web(), self.helper()
        for url in ("http://localhost:%d/key" % web.port, "HTTP://localhost/", "ftp://localhost/", "file:///etc/passwd",
                    "https://user:pw@localhost:%d/key" % web.port, "https://localhost:%d/a b" % web.port,
                    "https://localhost:%d/a\r\nX: y" % web.port, "https:///key", "https://", "localhost", ""):
            self.refused(helper, url)
        self.assertEqual(web.connections, 0)

    def test_certificates(self):
        self.needs_loopback()
        for pair in (self.certs.wrong_host, self.certs.self_signed, self.certs.expired):
            web = self.web(pair)
            web.pages["/key"] = (200, {}, b"the key")
            self.refused(self.helper(), web.url("/key"))
            self.assertEqual(web.seen, [])

    def test_no_such_host(self):
        status, code, text = self.get(self.helper(), "https://no-such-host.invalid/")
        self.assertEqual((status, code), (C.ST_REJECT, C.SEND_NO_HOST), text)

    def test_silence(self):
        self.needs_loopback()
        web, helper = self.web(), self.helper(timeout_ms=700)

        def nothing(handler):
            time.sleep(30)

        web.pages["/x"] = (200, {}, nothing)
        start = time.monotonic()
        self.refused(helper, web.url("/x"), status=C.ST_RETRY)
        self.assertLess(time.monotonic() - start, 25)

    def test_no_proxy_and_no_netrc(self):
        self.needs_loopback()
        web = self.web()
        web.pages["/key"] = (200, {}, b"the key")
        with open(os.open(os.path.join(self.folder.name, ".netrc"), os.O_CREAT | os.O_WRONLY, 0o600), "w") as out:
            out.write("machine localhost login joe password secret\n")
        env = dict(ALLOW, https_proxy="http://127.0.0.1:9", ALL_PROXY="http://127.0.0.1:9", HOME=self.folder.name)
        self.assertEqual(self.get(self.helper(env=env), web.url("/key")), b"the key")
        self.assertNotIn("Authorization", web.seen[0][1])

    def test_takes_no_mail(self):
        helper = self.helper()
        for type_ in (C.SEND_MAIL, C.SEND_CHECK):
            answer = helper.call(type_, [(C.SEND_TAG_TO, "a@b"), (C.SEND_TAG_FROM, ""), (C.TAG_BYTES, b"\r\n")])
            self.assertEqual((answer.type, answer.get(C.TAG_STATUS, int)), (C.CH_ERROR, C.ST_REJECT))

    def test_not_configured(self):
        with Helper("embargod-send", stderr=subprocess.DEVNULL) as helper:
            self.assertEqual(self.get(helper, "https://localhost/")[0], C.ST_RETRY)


if __name__ == "__main__":
    if not certificates.have_openssl():
        print("skipped: openssl is not installed")
        sys.exit(77)
    unittest.main()
