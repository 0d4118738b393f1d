"""Fetching, from files and from a server on this machine."""

from __future__ import annotations

import hashlib
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from bnao.data import DataConfig, fetch_cifar, open_source
from bnao.data.download import ARCHIVES, Archive, fetch
from bnao.errors import DataError, SettingError


def archive(url: str, content: bytes, **changed) -> Archive:
    return Archive(**({"url": url, "md5": hashlib.md5(content).hexdigest(), "file_name": "a.tar.gz"} | changed))


@pytest.fixture
def server():
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            if self.path != "/a":
                self.send_error(404)
                return
            self.send_response(200)
            self.send_header("Content-Length", "9")
            self.end_headers()
            self.wfile.write(b"some data")

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{running.server_port}"
        running.shutdown()
        thread.join()


def test_fetch_over_http_with_progress(server, tmp_path):
    calls = []
    path = fetch(
        archive(f"{server}/a", b"some data"), tmp_path / "new", lambda done, total: calls.append((done, total))
    )
    assert path.read_bytes() == b"some data" and calls == [(9, 9)]
    assert [p.name for p in path.parent.iterdir()] == ["a.tar.gz"]


def test_fetched_once_and_checked_again(tmp_path):
    (tmp_path / "source").write_bytes(b"some data")
    wanted = archive((tmp_path / "source").as_uri(), b"some data")
    path = fetch(wanted, tmp_path / "new")
    (tmp_path / "source").unlink()
    assert fetch(wanted, tmp_path / "new") == path
    path.write_bytes(b"changed")
    with pytest.raises(DataError, match="delete it"):
        fetch(wanted, tmp_path / "new")


@pytest.mark.parametrize(
    ("place", "changed", "message"),
    [
        ("/a", {"md5": "0" * 32}, "has MD5"),
        ("/a", {"max_bytes": 3}, "sent more"),
        ("/missing", {}, "404"),
    ],
)
def test_failures_leave_nothing(server, tmp_path, place, changed, message):
    with pytest.raises(DataError, match=message):
        fetch(archive(server + place, b"some data", **changed), tmp_path / "new")
    assert list((tmp_path / "new").iterdir()) == []


def test_no_network(tmp_path):
    with pytest.raises(DataError, match="needs a network"):
        fetch(archive("http://127.0.0.1:9/a", b""), tmp_path)


def test_unwritable_folder(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(DataError, match="writable"):
        fetch(archive("http://127.0.0.1:9/a", b""), tmp_path / "file")


def test_official_names_and_download_setting(tmp_path, archives, monkeypatch):
    assert {a.url.rsplit("/", 1)[0] for a in ARCHIVES.values()} == {"https://www.cs.toronto.edu/~kriz"}
    with pytest.raises(SettingError, match="cifar10"):
        fetch_cifar("cifar11", tmp_path)
    made = archives.write_tar(tmp_path / "made.tar.gz", archives.cifar_python_files("cifar10"))
    monkeypatch.setitem(
        ARCHIVES, "cifar10", archive(made.as_uri(), made.read_bytes(), file_name="cifar-10-python.tar.gz")
    )
    assert open_source(DataConfig(source="cifar10", download=True)).task.num_classes == 10
    made.unlink()
    assert open_source(DataConfig(source="cifar10")).has_test
