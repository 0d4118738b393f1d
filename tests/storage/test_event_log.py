import json
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bnao.errors import RunError
from bnao.storage.event_log import EventLog, read_events
from bnao.storage.text import MOST

plain = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-MOST, MOST)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8),
    lambda children: st.lists(children, max_size=3) | st.dictionaries(st.text(max_size=4), children, max_size=3),
    max_leaves=5,
)


@settings(max_examples=60, deadline=None)
@given(values=st.lists(plain, min_size=1, max_size=5), place=st.integers(0, 100_000))
def test_a_log_cut_at_any_byte_reads_and_goes_on(values: list[object], place: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "events.jsonl"
        with EventLog(path) as log:
            for value in values:
                log.event("check", text=value)
        content = path.read_bytes()
        cut = place % (len(content) + 1)  # drawn apart: times make the content of other lengths
        path.write_bytes(content[:cut])
        events = read_events(path)
        whole = content[:cut].count(b"\n")
        assert whole <= len(events) <= whole + 1  # a last line that lacks only its newline counts
        assert [event["text"] for event in events] == values[: len(events)]
        with EventLog(path) as log:
            log.event("check", text="after")
        assert [event["text"] for event in read_events(path)] == [*values[: len(events)], "after"]


def test_lines_have_time_and_kind_and_progress_is_skipped(tmp_path: Path) -> None:
    with EventLog(tmp_path / "e.jsonl") as log:
        log.event("stage_progress", stage="supernet-1", done=3)
        log.event("stage_finished", stage="supernet-1", seconds=1.5, figures={"loss": float("nan")})
        [line] = (tmp_path / "e.jsonl").read_text().splitlines()  # on disk before the log is closed
    event = json.loads(line)
    assert event["event"] == "stage_finished" and event["figures"] == {"loss": "nan"}
    assert event["utc"].endswith("+00:00") and event["elapsed"] >= 0


def test_a_warning_stands_once_also_after_a_resume(tmp_path: Path) -> None:
    path = tmp_path / "e.jsonl"
    for _ in range(3):
        with EventLog(path) as log:
            for text in ("few images", "few images", "no head"):
                log.event("warning", text=text)
            log.event("check", text="few images")
    texts = [(event["event"], event["text"]) for event in read_events(path)]
    assert texts == [("warning", "few images"), ("warning", "no head"), *3 * [("check", "few images")]]


def test_elapsed_goes_on_in_a_continued_log(tmp_path: Path) -> None:
    path = tmp_path / "e.jsonl"
    path.write_text('{"event": "warning", "utc": "x", "elapsed": 100.5, "text": "a"}\n')
    with EventLog(path) as log:
        log.event("warning", text="b")
    assert read_events(path)[1]["elapsed"] >= 100.5


@pytest.mark.parametrize("damage", [b'{"event": "war\n', b"[]\n", b'{"event": "a", "elapsed": "x"}\n', b"\xff\n"])
def test_damage_before_the_last_line(tmp_path: Path, damage: bytes) -> None:
    path = tmp_path / "e.jsonl"
    with EventLog(path) as log:
        log.event("warning", text="a")
    path.write_bytes(path.read_bytes() + damage + path.read_bytes())
    with pytest.raises(RunError, match="line 2"):
        read_events(path)
    with pytest.raises(RunError, match="line 2"):
        EventLog(path)


def test_a_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with EventLog(tmp_path / "e.jsonl") as log, open("/dev/full", "ab", buffering=0) as full:
        log.close()
        monkeypatch.setattr(log, "_file", full)
        with pytest.raises(RunError, match="must be writable"):
            log.event("warning", text="a")


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="does not exist"):
        EventLog(tmp_path / "none" / "e.jsonl")
