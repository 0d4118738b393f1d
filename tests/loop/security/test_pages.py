"""The report and the live page: every name is text, and the live page answers this machine only."""

from __future__ import annotations

import http.client
import re
import shutil
import socket
from dataclasses import replace
from pathlib import Path
from typing import Any

from tests.report.web.test_live import get, served
from tests.report.web.test_page import checked

from bnao.report.web.page import render_report
from bnao.storage import RunFolder

NASTY = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "'; alert(1); '",
    "</style><svg onload=alert(1)>",
    "{{ 7 * 7 }}{% raw %}",
    "\u202egnp.exe\u0000\ud7ff\ufffe",
    "$\\frac$",
]
KEPT = {"architecture", "id", "arm", "mode", "output", "event", "utc", "stage"}


def poisoned(value: Any, words: str, key: str = "") -> Any:
    """The value with ``words`` for every text in it but those that programs go by."""
    if isinstance(value, dict):
        return {k: poisoned(v, words, k) for k, v in value.items()}
    if isinstance(value, list):
        return [poisoned(item, words, key) for item in value]
    return words if isinstance(value, str) and key not in KEPT and value else value


def test_every_name_of_a_run_is_text(micro, tmp_path: Path) -> None:
    words = " ".join(NASTY)
    path = tmp_path / ("run" + re.sub(r"[/\0]", "", words))
    shutil.copytree(micro[0].path, path)
    with RunFolder.resume(path) as run:
        with run.commit() as commit:
            result = poisoned(run.read_json("result.json"), words)
            result["stage_seconds"] = {words: 1.0}
            result["warnings"] = [words]
            commit.write_json("result.json", result)
            commit.write_json("score_name.json", words)
        with run.event_log() as log:
            for event in run.events():
                fields = {k: v for k, v in event.items() if k not in ("event", "utc", "elapsed")}
                log.event(event["event"], **poisoned(fields, words))
        config = {**run.manifest.config, "plugins": [f"{words}.py:{words}"]}
        config["data"] = {**config["data"], "source": f"folder:{words}"}
        replace(run.manifest, recipe=words, config=config).write(path)
    page = render_report(RunFolder.open(path))
    for mark in ("<script", "<img", "<svg onload", "onerror=alert(1)>", "49{%"):
        assert mark not in page
    checked(page)


def request(port: int, text: str) -> str:
    """The first line of the answer to a request as it is typed."""
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        connection.sendall(text.replace("\n", "\r\n").encode())
        return connection.recv(200).split(b"\r\n")[0].decode()


def test_the_live_page_answers_get_to_this_machine_s_own_names_only(micro) -> None:
    with served(micro[0].path) as page:
        port = int(page.address.rstrip("/").rpartition(":")[2])
        assert page._server.server_address[0] == "127.0.0.1"
        foreign = (
            "evil.example",
            "127.0.0.1.evil.example",
            "localhost.evil.example",
            "evil@127.0.0.1",
            "",
            "[::1]",
            "127.1",
        )
        for host in foreign:
            assert get(page, host=f"{host}:{port}")[0] == 403, host
        assert " 403 " in request(port, "GET / HTTP/1.0\n\n")  # no Host at all
        assert " 403 " in request(port, "GET http://evil.example/ HTTP/1.1\nHost: evil.example\n\n")
        for method in ("POST", "PUT", "DELETE", "HEAD", "OPTIONS", "TRACE", "CONNECT"):
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
            connection.request(method, "/", headers={"Host": f"127.0.0.1:{port}"})
            assert connection.getresponse().status == 501, method
            connection.close()
        for path in ("/pool.sqlite", "/../../etc/passwd", "//etc/passwd", "/%2e%2e/manifest.json", "/index.html"):
            assert get(page, path)[0] == 404, path


def test_a_browser_runs_no_script_but_the_page_s_own(micro) -> None:
    with served(micro[0].path) as page:
        status, text, headers = get(page)
        [nonce] = re.findall(r"<script nonce=\"([\w-]+)\">", text)
        policy = headers["content-security-policy"]
        assert status == 200 and f"script-src 'nonce-{nonce}'" in policy and "default-src 'none'" in policy
        assert "unsafe-inline" not in policy.split("script-src")[1].split(";")[0]
        assert headers["referrer-policy"] == "no-referrer" and "frame-ancestors 'none'" in policy
    with served(micro[0].path) as page:
        assert nonce not in get(page)[1]
