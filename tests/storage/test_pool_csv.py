"""The pool as a file, there and back, and what users' files may get wrong."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bnao.errors import BnaoError, RunError, SettingError
from bnao.storage import Pool, PoolEntry, RunFolder, pool_csv
from bnao.storage.pool_csv import COLUMNS, Known, read_known, write_csv, write_csv_file


def _entry(k: int) -> PoolEntry:
    return PoolEntry(id=f"{k:04x}", text=f"{k} 0 | 1 2", round=1, origin="random", num_params=k, macs=10 * k)


score = st.none() | st.floats(allow_nan=False, allow_infinity=False)
word = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=12).filter(lambda t: t == t.strip())


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(word, score), min_size=1, max_size=6))
def test_there_and_back(rows: list[tuple[str, float | None]]) -> None:
    text = io.StringIO()
    write_csv((replace(_entry(k), text=t, score=s, predicted=s) for k, (t, s) in enumerate(rows)), text)
    [header, *cells] = csv.reader(io.StringIO(text.getvalue()))
    assert tuple(header) == COLUMNS and [c[1] for c in cells] == [t for t, _ in rows]
    assert [float(c[6]) if c[6] else None for c in cells] == [float(c[8]) if c[8] else None for c in cells]
    known = list(pool_csv._of_csv(text.getvalue().encode(), Path("a.csv")))
    assert known == [Known(t, s) for t, s in rows]
    assert [repr(k.score) for k in known] == [repr(s) for _, s in rows]


def test_a_pool_a_run_and_its_csv_hold_the_same(tmp_path: Path) -> None:
    run = RunFolder.create(tmp_path / "run", config={}, recipe="demo")
    with pytest.raises(RunError, match="no pool yet"):
        read_known(run.path)
    with run.pool() as pool:
        pool.add(_entry(k) for k in range(4))
        entries = pool.entries()
        assert [k.score for k in read_known(run.pool_path)] == [None] * 4
        pool.set_scores(1, {"0000": 9.0, "0001": 0.1})
        pool.set_scores(2, {"0001": 1 / 3, "0003": -2.5e-7})
    expected = [Known(e.text, s) for e, s in zip(entries, (None, 1 / 3, None, -2.5e-7), strict=True)]
    before = run.pool_path.read_bytes()
    assert read_known(run.path) == read_known(run.pool_path) == expected
    assert read_known(run.path)[1].where == f"'{run.pool_path}', architecture 0001"
    assert run.pool_path.read_bytes() == before
    write_csv_file(replace_scores(expected), tmp_path / "pool.csv")
    assert read_known(tmp_path / "pool.csv") == expected
    with pytest.raises(RunError, match="does not exist"):
        write_csv_file([], tmp_path / "none" / "pool.csv")


def replace_scores(known: list[Known]) -> list[PoolEntry]:
    return [replace(_entry(k), text=item.text, score=item.score) for k, item in enumerate(known)]


@pytest.mark.parametrize(
    "content",
    [
        b"architecture,score\n0 1 | 2 3,-0.5\n4 5 | 6 7,\n",
        b"\xef\xbb\xbfarchitecture;score\r\n0 1 | 2 3;-0.5\r\n4 5 | 6 7;\r\n",
        b'Score\tnote\t Architecture \n-0.5\ta,b;c\t0 1 | 2 3\n\n \t\t\n""\t\t4 5 | 6 7',
        b'\n"architecture","score","x"\n" 0 1 | 2 3 ","-5e-1","two\nlines"\n4 5 | 6 7,,""\n',
    ],
)
def test_forms_of_csv(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "known.csv").write_bytes(content)
    found = read_known(tmp_path / "known.csv")
    assert found == [Known("0 1 | 2 3", -0.5), Known("4 5 | 6 7", None)]


def test_lines_are_named_and_scores_optional(tmp_path: Path) -> None:
    path = tmp_path / "known.csv"
    path.write_bytes(b'architecture\n\n"0 1"\n2 3\n')
    found = read_known(path)
    assert found == [Known("0 1"), Known("2 3")]
    assert [k.where for k in found] == [f"'{path}' line 3", f"'{path}' line 4"]


BAD = {
    "empty": (b"", RunError, "is empty"),
    "blanks": (b" \n\n", RunError, "is empty"),
    "blank cells": (b'\x1c\n,\n""\n', RunError, "is empty"),
    "only a byte order mark": (b"\xef\xbb\xbf", RunError, "is empty"),
    "no row": (b"architecture,score\n", RunError, "has a header and no row"),
    "no header": (b"0 1 | 2 3,0.5\n", SettingError, r"line 1 has '0 1 \| 2 3, 0.5': write a header"),
    "no architecture": (b"id,arch,score\n1,2,3\n", SettingError, r"column 'architecture'.*did you mean 'arch'"),
    "two of a name": (b"score,architecture,score\n1,2,3\n", SettingError, "line 1 has 2 columns 'score'"),
    "too few cells": (b"architecture,score\n0 1,1\n0 2\n", SettingError, "line 3 has 1"),
    "too many cells": (b"architecture,score\n0 1,0,5\n", SettingError, "line 2 has 3"),
    "no text": (b"architecture,score\n,0.5\n", SettingError, "line 2 the cell is empty"),
    "a word": (b"architecture,score\n0 1,good\n", SettingError, r"line 2 has 'good': write it like -0.25"),
    "a decimal comma": (b"architecture;score\n0 1;0,5\n", SettingError, r"line 2 has '0,5': write it like -0.25"),
    "underscores": (b"architecture,score\n0 1,1_0\n", SettingError, "'1_0'"),
    "other digits": ("architecture,score\n0 1,٣\n".encode(), SettingError, "a score is a number"),
    "nan": (b"architecture,score\n0 1,nan\n", SettingError, "finite; .*line 2 has 'nan'"),
    "infinite": (b"architecture,score\n0 1,1\n0 2,-1e999\n", SettingError, "finite; .*line 3 has '-1e999'"),
    "large": (b"architecture\n0 1\n" + b"9" * 200_000 + b"\n", SettingError, "line 3: field larger"),
    "open quote": (b'architecture,score\n"0 1,3\n', SettingError, "line 2: unexpected end"),
    "zeros": (b"architecture\n\0\0\n", RunError, "zero bytes.*save it as CSV in UTF-8"),
    "picture": (b"\x89PNG\r\n\x1a\n\0\0\xff", RunError, "byte 1 is not UTF-8"),
    "utf-16": ("architecture\n0 1\n".encode("utf-16"), RunError, "not UTF-8"),
    "half a pool": (b"SQLite format 3\0" + b"\0" * 60, RunError, r"damaged|version"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_files(name: str, tmp_path: Path) -> None:
    content, kind, message = BAD[name]
    path = tmp_path / "known.csv"
    path.write_bytes(content)
    with pytest.raises(kind, match=message) as caught:
        read_known(path)
    assert "known.csv" in str(caught.value) and "\n" not in str(caught.value)
    assert path.read_bytes() == content


def test_bad_places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(RunError, match="is missing"):
        read_known(tmp_path / "none.csv")
    with pytest.raises(RunError):
        read_known(tmp_path)  # a folder without a run
    (tmp_path / "empty.sqlite").touch()
    with pytest.raises(RunError, match="is empty"):
        read_known(tmp_path / "empty.sqlite")
    Pool(tmp_path / "fresh.sqlite").close()
    with pytest.raises(RunError, match="holds none"):
        read_known(tmp_path / "fresh.sqlite")
    monkeypatch.setattr(pool_csv, "MAX_BYTES", 10)
    with pytest.raises(RunError, match="at most 10 bytes"):
        read_known(tmp_path / "fresh.sqlite")


@settings(max_examples=500, deadline=None)
@given(
    st.binary(max_size=60) | st.text(st.sampled_from('a,;\t\n\r"01.-e|')).map(lambda t: f"architecture\n{t}".encode())
)
def test_any_bytes_are_read_or_refused(content: bytes) -> None:
    try:
        found = list(pool_csv._of_csv(content, Path("x.csv")))
    except BnaoError as error:
        assert "x.csv" in str(error)
    else:
        assert all(item.text for item in found)
