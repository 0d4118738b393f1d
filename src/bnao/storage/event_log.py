"""The event log: one JSON line for each event of a search, appended as it happens."""

from __future__ import annotations

import json
import os
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

from bnao.errors import RunError
from bnao.storage.files import read_bytes, write_error, writing
from bnao.storage.plain import to_plain
from bnao.storage.text import has_lone_surrogate, whole_number

SKIPPED = frozenset({"stage_progress"})  # events of a high rate, for displays only
WARNING = "warning"


class EventLog:
    """A listener that appends each event but ``stage_progress`` to a file of JSON lines.

    A line holds ``event`` (the kind), ``utc`` (ISO 8601, milliseconds), ``elapsed`` (seconds since the log began; a
    continued log goes on from its last line) and the event's own fields. Every line reaches the operating system before
    :meth:`event` returns. Opening a log whose last line was cut (the process was killed) drops that line. A ``warning``
    stands once: a resumed run, which warns again of what it finds again, adds no second one of the same words.

    Raises RunError when the file cannot be written, or when a line before the last is damaged.

    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "events.jsonl"
    >>> with EventLog(path) as log:
    ...     log.event("warning", text="few images")
    >>> read_events(path)[0]["text"]
    'few images'
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        before, whole = _parse(read_bytes(path), path) if path.exists() else ([], 0)
        self._offset = float(before[-1]["elapsed"]) if before else 0.0
        self._warned = {str(event.get("text")) for event in before if event["event"] == WARNING}
        self._began = time.monotonic()
        with writing(path):
            self._file = open(path, "ab", buffering=0)  # noqa: SIM115  # closed by close()
            self._file.truncate(whole)
        if before and not read_bytes(path).endswith(b"\n"):
            self._append(b"\n")

    def event(self, kind: str, **fields: Any) -> None:
        """Append one event, with plain JSON values as fields. Raises RunError when the disk refuses."""
        if kind in SKIPPED:
            return
        if kind == WARNING:
            if str(fields.get("text")) in self._warned:
                return
            self._warned.add(str(fields.get("text")))
        assert not {"event", "utc", "elapsed"} & fields.keys(), f"reserved field in {kind}"
        line = {
            "event": kind,
            "utc": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "elapsed": round(self._offset + time.monotonic() - self._began, 3),
            **to_plain(fields),
        }
        self._append(json.dumps(line, allow_nan=False).encode("ascii") + b"\n")

    def _append(self, line: bytes) -> None:
        start = self._file.seek(0, os.SEEK_END)
        try:
            while line:
                written = self._file.write(line)
                line = line[written or 0 :]
        except OSError as error:
            try:
                self._file.truncate(start)  # leave no half line before the next event
            except OSError as second:
                raise write_error(self.path, second) from error
            raise write_error(self.path, error) from error

    def close(self) -> None:
        """Close the file; no event may follow."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()


def read_events(path: Path) -> list[dict[str, Any]]:
    """All whole lines of a log, oldest first; a cut last line is left out. Raises RunError for damage before it."""
    return _parse(read_bytes(path), path)[0]


def _parse(content: bytes, path: Path) -> tuple[list[dict[str, Any]], int]:
    """The events, and the number of bytes that whole events take."""
    events: list[dict[str, Any]] = []
    whole = 0
    for line in content.splitlines(keepends=True):
        event = _event(line)
        if event is not None:
            events.append(event)
        elif whole + len(line) < len(content) or line.endswith(b"\n"):
            raise RunError(
                f"an event log has one JSON object a line; {str(path)!r} is damaged at line {len(events) + 1}: "
                f"restore it from a copy, or remove that line"
            )
        else:
            break
        whole += len(line)
    return events, whole


def _event(line: bytes) -> dict[str, Any] | None:
    try:
        value = json.loads(line, parse_int=whole_number)
    except (ValueError, RecursionError):
        return None
    if not isinstance(value, dict) or not isinstance(value.get("event"), str) or has_lone_surrogate(line, value):
        return None
    elapsed = value.get("elapsed")
    return value if isinstance(elapsed, int | float) and not isinstance(elapsed, bool) else None
