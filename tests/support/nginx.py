# SPDX-License-Identifier: GPL-3.0-or-later
"""A real nginx on loopback with the configuration that we install, its placeholders and ports replaced; never the system's service.

    with Nginx(folder, site_dir, "security.pumps.example", "pumps.example") as n:   # Unavailable: says why
        status, headers, body = n.get("security.pumps.example", "/index.html")
        n.get(host, path, tls=False)
"""
import http.client
import os
import re
import shutil
import socket
import ssl
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from certs import Certs  # noqa: E402
from gateway import expect  # noqa: E402

SRC = os.environ.get("top_srcdir") or os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
MAIN = """daemon off;
master_process off;
pid {0}/pid;
error_log {0}/error.log;
events {{ }}
http {{
  access_log off;
  client_body_temp_path {0}/body; proxy_temp_path {0}/proxy; fastcgi_temp_path {0}/fastcgi; uwsgi_temp_path {0}/uwsgi; scgi_temp_path {0}/scgi;
  include {0}/site.conf;
}}
"""


class Unavailable(Exception):
    pass


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Nginx:
    def __init__(self, folder, site_dir, host, domain):
        self.program = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/sbin")
        if not self.program:
            raise Unavailable("nginx is missing: Debian has it in the package nginx-light")
        os.makedirs(folder)
        self.folder, self.names = folder, [host, "openpgpkey." + domain, "csaf.data.security." + domain]
        certs = Certs(os.path.join(folder, "certs"))
        pair = certs.for_names(*self.names)
        self.ca, self.port, self.clear_port = certs.ca, free_port(), free_port()
        with open(os.path.join(SRC, "conf", "nginx", "embargod-site.conf"), encoding="utf-8") as f:
            conf = f.read()
        for word, value in (("SITE_HOST", host), ("SITE_DIR", site_dir), ("CERTIFICATE", pair.cert), ("KEY;", pair.key + ";"), ("DOMAIN", domain)):
            expect(word in conf, "the snippet has " + word)
            conf = re.sub(r"(?m)^(?!\s*#)(.*)$", lambda m, w=word, v=value: m.group(1).replace(w, v), conf)
        conf = re.sub(r"listen \[::\]:\d+( ssl)?;", "", conf)
        conf = conf.replace("listen 443 ssl;", "listen 127.0.0.1:%d ssl;" % self.port).replace("listen 80;", "listen 127.0.0.1:%d;" % self.clear_port)
        for name, text in (("site.conf", conf), ("nginx.conf", MAIN.format(folder))):
            with open(os.path.join(folder, name), "w", encoding="utf-8") as f:
                f.write(text)

    def __enter__(self):
        args = [self.program, "-p", self.folder, "-e", os.path.join(self.folder, "error.log"), "-c", os.path.join(self.folder, "nginx.conf")]
        test = subprocess.run(args + ["-t"], capture_output=True, check=False)
        expect(test.returncode == 0, "nginx takes the snippet", test.stderr.decode())
        self.process = subprocess.Popen(args, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for _ in range(600):
            try:
                socket.create_connection(("127.0.0.1", self.port), 5).close()
                return self
            except OSError:
                expect(self.process.poll() is None, "nginx ended")
                try:
                    self.process.wait(0.05)
                except subprocess.TimeoutExpired:
                    pass
        raise AssertionError("nginx does not listen")

    def __exit__(self, *_):
        self.process.terminate()
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        return False

    def get(self, host, path, tls=True):
        port = self.port if tls else self.clear_port
        sock = socket.create_connection(("127.0.0.1", port), 30)
        if tls:
            sock = ssl.create_default_context(cafile=self.ca).wrap_socket(sock, server_hostname=host)
        connection = http.client.HTTPConnection(host, port, timeout=30)
        connection.sock = sock
        try:
            connection.request("GET", path, headers={"Host": host})
            answer = connection.getresponse()
            return answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read()
        finally:
            connection.close()
