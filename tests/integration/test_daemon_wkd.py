#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The whole daemon and the Web Key Directory: a reporter who brings no key gets an encrypted answer when their domain publishes one.
The servers are on loopback, with certificates of a CA of this run."""
import os
import re
import socket
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from certs import Certs, have_openssl  # noqa: E402
from daemon import NetSite, failpoints_built  # noqa: E402

if not failpoints_built():
    print("SKIP: built without --enable-failpoints, so that nothing on loopback is asked")
    sys.exit(77)
if not have_openssl():
    print("SKIP: openssl is missing (package openssl)")
    sys.exit(77)

from test_send_get import Web  # noqa: E402

DOMAIN = "lab.example"
NOWHERE = "x" * 64 + ".example"  # no DNS takes a label of that length: it does not resolve, and nobody is asked
SITE, CERTS, PAIR = None, None, None


def setUpModule():
    global SITE, CERTS, PAIR
    SITE = NetSite().prepare()
    CERTS = Certs(os.path.join(SITE.root, "certs"))
    PAIR = CERTS.for_names("openpgpkey." + DOMAIN, DOMAIN)


def tearDownModule():
    SITE.end()


class Wkd(unittest.TestCase):
    def setUp(self):
        self.s = SITE
        self.s.back(extra="wkd = yes")
        listing = self.s.robin.gpg("--with-wkd-hash", "--list-keys", self.s.robin.fpr).decode()  # another program's opinion
        self.hash = re.search(r"^ +(\w{32})@", listing, re.M).group(1)
        self.key = self.s.robin.gpg("--export", self.s.robin.fpr)
        self.advanced = "/.well-known/openpgpkey/%s/hu/%s" % (DOMAIN, self.hash)
        self.direct = "/.well-known/openpgpkey/hu/" + self.hash

    def web(self, pages, pair=None):
        web = Web(pair or PAIR)
        web.pages = {path: (200, {}, body) for path, body in pages.items()}
        self.addCleanup(web.server.server_close)
        self.addCleanup(web.server.shutdown)
        return web

    def answer(self, port, direct=False, letter=None):
        """One letter in clear without a key; gives the acknowledgement."""
        advanced_host = "%s:443" % NOWHERE if direct else "127.0.0.1:%d" % port
        env = {"EMBARGOD_TEST_ALLOW_LOOPBACK": "1", "EMBARGOD_TEST_CA": CERTS.ca, "EMBARGOD_TEST_CONNECT_TO":
               "openpgpkey.%s:443:%s,%s:443:127.0.0.1:%d" % (DOMAIN, advanced_host, DOMAIN, port)}
        self.s.deliver(letter or self.s.robin.plain(self.s.ADDRESS, "Pump", "It takes any firmware.\n"))
        self.s.once(0, env=env)
        self.assertEqual(len(self.s.box(".Processed")), 1)
        return self.s.one(self.s.robin, "acknowledgement")

    def test_advanced(self):
        web = self.web({self.advanced: self.key})
        ack = self.answer(web.port)
        self.assertTrue(ack.encrypted and ack.signer == self.s.fpr)
        self.assertEqual([path for path, _ in web.seen], [self.advanced + "?l=robin"])
        self.assertNotIn("Cookie", web.seen[0][1])
        case = self.s.ctl_json("list", "all")[0]
        self.assertEqual([p["key"] for p in case["parties"]], [self.s.robin.fpr])
        self.s.deliver(self.s.robin.plain(self.s.ADDRESS, "Pump two", "Another one.\n"))
        self.s.once(0)  # the key is kept: the server is gone from the environment, and nobody asks for it
        self.assertEqual([p["key"] for c in self.s.ctl_json("list", "all") for p in c["parties"]], [self.s.robin.fpr] * 2)

    def test_direct_when_there_is_no_advanced_host(self):
        web = self.web({self.direct: self.key})
        ack = self.answer(web.port, direct=True)
        self.assertTrue(ack.encrypted and ack.signer == self.s.fpr)
        self.assertEqual([path for path, _ in web.seen], [self.direct + "?l=robin"])

    def test_advanced_host_without_the_key(self):
        web = self.web({self.direct: self.key})
        self.assertFalse(self.answer(web.port).encrypted)  # where the advanced host is, it alone counts
        self.assertEqual([path for path, _ in web.seen], [self.advanced + "?l=robin"])

    def test_off_by_default(self):
        self.s.back()
        web = self.web({self.advanced: self.key})
        self.assertFalse(self.answer(web.port).encrypted)
        self.assertEqual(web.connections, 0)

    def test_whose_key_is_known_is_not_asked_for(self):
        web = self.web({self.advanced: self.key})
        self.assertTrue(self.answer(web.port, letter=self.s.report()).encrypted)
        self.assertEqual(web.connections, 0)

    def test_what_is_no_key_of_theirs_is_not_used(self):
        for name, body in (("another's key", self.s.alice.gpg("--export", self.s.alice.fpr)), ("rubbish", b"\x99\xff" * 5000),
                           ("nothing", b""), ("too much", self.key + b"x" * 300000)):
            with self.subTest(name):
                self.s.back(extra="wkd = yes")
                ack = self.answer(self.web({self.advanced: body}).port)
                self.assertFalse(ack.encrypted)
                self.assertEqual(ack.signer, self.s.fpr)

    def test_wrong_certificate(self):
        for pair in (CERTS.self_signed, CERTS.wrong_host):
            with self.subTest(os.path.basename(pair.cert)):
                self.s.back(extra="wkd = yes")
                web = self.web({self.advanced: self.key}, pair)
                self.assertFalse(self.answer(web.port).encrypted)
                self.assertEqual(web.seen, [])

    def test_a_server_that_says_nothing(self):
        with socket.create_server(("127.0.0.1", 0)) as silent:
            self.assertFalse(self.answer(silent.getsockname()[1]).encrypted)  # late, but answered


if __name__ == "__main__":
    unittest.main(verbosity=2)
