"""The page of a run while it goes on, served to this machine only."""

from __future__ import annotations

import errno
import secrets
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Lock
from typing import Self

from bnao.errors import RunError
from bnao.loop.rank.plan import FOLDER as RANKING
from bnao.report.web.page import render_report
from bnao.storage import RunFolder
from bnao.storage.manifest import FILE_NAME as MANIFEST

HOST = "127.0.0.1"
POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'nonce-{nonce}'; img-src data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


class LivePage:
    """Serves the page at ``http://127.0.0.1:PORT/``, drawn anew when the run folder has changed; reads nothing else.

    ``port`` 0 takes a free one. Only GET is answered. A request that was not sent to this machine's own name is
    refused, so that no page of another site can read it (DNS rebinding). The page's own script is the only one that a
    browser will run in it. Raises RunError if there is no run, or the port is taken.
    """

    def __init__(self, folder: Path, port: int = 0) -> None:
        self._folder = folder
        self._drawn: tuple[object, bytes] | None = None
        self._nonce = secrets.token_urlsafe(16)
        self._lock = Lock()
        RunFolder.open(folder)
        page = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                name = self.headers.get("Host", "").rsplit(":", 1)[0]
                if name not in (HOST, "localhost"):
                    self.send_error(403)
                elif self.path.split("?")[0] != "/":
                    self.send_error(404)
                else:
                    self._answer()

            def _answer(self) -> None:
                try:
                    status, content = 200, page.content()
                except RunError as error:
                    status, content = 503, str(error).encode("utf-8")
                except Exception as error:  # a fault of ours is an answer too, and the next request may fare better
                    text = f"the page could not be drawn ({type(error).__name__}: {error})"
                    status, content = 500, text.encode("utf-8")
                self.send_response(status)
                kind = "text/html" if status == 200 else "text/plain"
                for header, value in (
                    ("Content-Type", f"{kind}; charset=utf-8"),
                    ("Content-Length", str(len(content))),
                    ("Cache-Control", "no-store"),
                    ("Content-Security-Policy", POLICY.format(nonce=page._nonce)),
                    ("X-Content-Type-Options", "nosniff"),
                    ("Referrer-Policy", "no-referrer"),
                ):
                    self.send_header(header, value)
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, format: str, *values: object) -> None:
                """Requests are not told."""

        try:
            self._server = ThreadingHTTPServer((HOST, port), Handler)
        except OSError as error:
            reason = "is taken" if error.errno == errno.EADDRINUSE else f"cannot be used ({error.strerror})"
            raise RunError(f"the live page needs a free port; {port} {reason}: give another by --port") from error
        self._server.daemon_threads = True

    @property
    def address(self) -> str:
        """Where the page is."""
        return f"http://{HOST}:{self._server.server_address[1]}/"

    def content(self) -> bytes:
        """The page as it is now. Raises RunError where files of the run are damaged."""
        with self._lock:
            run = RunFolder.open(self._folder)
            events = run.events_path.stat().st_size if run.events_path.exists() else 0
            ranking = run.path / RANKING / MANIFEST  # which is not of the state of the search
            ranked = ranking.stat().st_mtime_ns if ranking.exists() else 0
            state = (run.generation, run.status, events, ranked)
            if self._drawn is None or self._drawn[0] != state:
                self._drawn = (state, render_report(run, live=True, nonce=self._nonce).encode("utf-8"))
            return self._drawn[1]

    def serve(self) -> None:
        """Answer until :meth:`close`, or Ctrl-C."""
        self._server.serve_forever(poll_interval=0.2)

    def close(self) -> None:
        """End it."""
        self._server.server_close()

    def shutdown(self) -> None:
        """Let :meth:`serve`, which runs in another thread, return."""
        self._server.shutdown()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()
