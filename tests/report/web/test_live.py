"""The live page: this machine only, read only, always the present state."""

from __future__ import annotations

import hashlib
import http.client
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.loop.conftest import MICRO
from tests.report.web.conftest import Page

from bnao.errors import RunError
from bnao.report.web import live
from bnao.report.web.live import LivePage
from bnao.storage import RunFolder


@contextmanager
def served(folder: Path) -> Iterator[LivePage]:
    with LivePage(folder) as page:
        thread = threading.Thread(target=page.serve)
        thread.start()
        try:
            yield page
        finally:
            page.shutdown()
            thread.join()


def get(page: LivePage, path: str = "/", host: str = "") -> tuple[int, str, dict[str, str]]:
    name, _, port = page.address.removeprefix("http://").rstrip("/").partition(":")
    assert name == "127.0.0.1"
    connection = http.client.HTTPConnection(name, int(port), timeout=30)
    connection.request("GET", path, headers={"Host": host or f"{name}:{port}"})
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()
    return answer.status, text, {key.lower(): value for key, value in answer.getheaders()}


def digest(folder: Path) -> str:
    whole = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        whole.update(str(path).encode() + hashlib.sha256(path.read_bytes()).digest())
    return whole.hexdigest()


def test_it_answers_this_machine_only_and_writes_nothing(finished: Path) -> None:
    before = digest(finished)
    with served(finished) as page:
        status, text, headers = get(page)
        assert status == 200 and Page(text).keys["status"] == "finished" and "fetch(" in text
        assert headers["cache-control"] == "no-store" and "default-src 'none'" in headers["content-security-policy"]
        assert get(page, "/manifest.json")[0] == 404 and get(page, "/../x")[0] == 404
        assert get(page, host="evil.example:80")[0] == 403
        assert get(page, host="localhost:80")[0] == 200
    assert digest(finished) == before


def test_it_shows_each_commit_and_says_when_the_run_is_damaged(tmp_path: Path) -> None:
    with RunFolder.create(tmp_path / "run", config=MICRO, recipe="micro") as run:
        run.pool_path.write_bytes(b"")  # begun by the search, not committed yet
        with served(run.path) as page:
            assert "generation 0" in get(page)[1]
            with run.commit() as commit:
                commit.write_json("score_name.json", "x")
            assert "generation 1" in get(page)[1]
            assert run.pool_path.read_bytes() == b""
            (run.path / "manifest.json").write_text("{")
            status, text, _ = get(page)
            assert status == 503 and "manifest.json" in text and "Traceback" not in text


def test_what_cannot_be_served(finished: Path, tmp_path: Path) -> None:
    with pytest.raises(RunError, match="is missing"):
        LivePage(tmp_path / "none")
    with LivePage(finished) as page, pytest.raises(RunError, match=r"is taken: give another by --port"):
        LivePage(finished, int(page.address.rstrip("/").rpartition(":")[2]))


def test_a_vanished_run_is_an_answer_too(finished: Path, tmp_path: Path) -> None:
    shutil.copytree(finished, tmp_path / "run")
    with served(tmp_path / "run") as page:
        assert get(page)[0] == 200
        shutil.rmtree(tmp_path / "run")
        assert get(page)[0] == 503


def test_a_ranking_that_goes_on_is_shown(finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It writes nothing of the search's own."""
    shutil.copytree(finished, tmp_path / "run")
    drawn: list[int] = []
    monkeypatch.setattr(live, "render_report", lambda *_, **__: f"page {drawn.append(1) or len(drawn)}")
    page = LivePage(tmp_path / "run")
    try:
        assert page.content() == page.content() == b"page 1"
        RunFolder.create(tmp_path / "run" / "ranking", config={}, recipe="micro", kind="ranking").close()
        assert page.content() == page.content() == b"page 2"
    finally:
        page.close()
