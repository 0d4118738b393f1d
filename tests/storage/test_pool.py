import random
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bnao.errors import RunError
from bnao.storage.pool import Pool, PoolEntry, ScoreRecord


def _entry(k: int, round: int = 1) -> PoolEntry:
    return PoolEntry(id=f"{k:04x}", text=f"{k} 0 | 1 2", round=round, origin="random", num_params=k * 10, macs=k * 100)


@pytest.fixture
def pool() -> Iterator[Pool]:
    with Pool(None) as pool:
        yield pool


text = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)
entry = st.builds(
    PoolEntry, id=text, text=text, round=st.integers(1, 9), origin=text,
    num_params=st.integers(0, 2**62), macs=st.integers(0, 2**62),
)  # fmt: skip


@settings(max_examples=20, deadline=None)
@given(
    entries=st.lists(entry, max_size=8, unique_by=lambda e: e.id),
    scores=st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=8, max_size=8),
)
def test_what_goes_in_comes_out_after_a_new_opening(entries: list[PoolEntry], scores: list[float]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "pool.sqlite"
        with Pool(path) as pool:
            pool.add(entries[:3])
            pool.add(entries[3:])
            assert pool.entries() == entries
            pool.set_scores(1, {e.id: s for e, s in zip(entries, scores, strict=False)})
            digest = pool.digest()
        with Pool(path) as pool:
            found = pool.entries()
            assert pool.digest() == digest and len(pool) == len(entries)
        expected = [replace(e, score=s, score_round=1) for e, s in zip(entries, scores, strict=False)]
        assert found == expected


def test_best_uses_the_latest_round_only_and_keeps_the_order_of_ties(pool: Pool) -> None:
    pool.add(_entry(k) for k in range(4))
    assert pool.best(3) == []
    pool.set_scores(1, {"0000": 9.0, "0001": 8.0})
    assert [e.id for e in pool.best(9)] == ["0000", "0001"]
    pool.set_scores(2, {"0001": 0.5, "0002": 0.5, "0003": 0.7})
    pool.set_predictions(2, {"0003": 0.6})
    assert pool.scores_of(2) == {"0001": 0.5, "0002": 0.5, "0003": 0.7}
    assert [e.id for e in pool.best(9)] == ["0003", "0001", "0002"]
    assert pool.best(1)[0].predicted == 0.6
    assert pool.score_history("0001") == [ScoreRecord(round=1, score=8.0), ScoreRecord(round=2, score=0.5)]
    pool.set_scores(2, {"0003": 0.1})
    assert pool.best(1)[0].id == "0001"


def test_the_rounds_of_the_pool(pool: Pool) -> None:
    pool.add([_entry(0), _entry(1), _entry(2, round=2)])
    assert pool.count_by_round() == {1: 2, 2: 1}


def test_a_call_is_whole_or_nothing(pool: Pool) -> None:
    pool.add([_entry(0)])
    with pytest.raises(RunError, match="0000"):
        pool.add([_entry(1), _entry(0)])
    with pytest.raises(RunError, match="finite"):
        pool.add([replace(_entry(1), score=float("nan"))])
    with pytest.raises(RunError, match="'ffff'"):
        pool.set_scores(1, {"0000": 1.0, "ffff": 1.0})
    with pytest.raises(RunError, match="inf"):
        pool.set_scores(1, {"0000": float("inf")})
    with pytest.raises(RunError, match="'ffff'"):
        pool.score_history("ffff")
    assert pool.entries() == [_entry(0)]


def test_a_failing_statement_rolls_its_transaction_back(tmp_path: Path) -> None:
    with Pool(tmp_path / "pool.sqlite") as pool:
        with pytest.raises(RunError):
            pool.add([_entry(1), replace(_entry(2), num_params=2**80)])  # no integer of sqlite
        assert len(pool) == 0
        pool.add([_entry(1)])
        assert len(pool) == 1


def test_roll_back_drops_what_came_after_a_generation() -> None:
    generation = 1
    pool = Pool(None, next_generation=lambda: generation)
    pool.add([_entry(0)])
    pool.set_scores(1, {"0000": 1.0})
    digest = pool.digest()
    generation = 2
    pool.add([_entry(1, round=2)])
    pool.set_scores(2, {"0000": 2.0, "0001": 3.0})
    assert pool.digest() != digest
    pool.roll_back(1)
    assert pool.digest() == digest
    pool.close()


def test_the_journal_suits_network_file_systems(tmp_path: Path) -> None:
    Pool(tmp_path / "pool.sqlite").close()
    assert [p.name for p in tmp_path.iterdir()] == ["pool.sqlite"]
    with closing(sqlite3.connect(tmp_path / "pool.sqlite")) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("delete",)


def test_damaged_files(tmp_path: Path) -> None:
    path = tmp_path / "pool.sqlite"
    with Pool(path) as pool:
        pool.add(_entry(k) for k in range(300))
        pool.set_scores(1, {f"{k:04x}": k / 7 for k in range(300)})
    content = path.read_bytes()
    for length in range(50, len(content), len(content) // 20):
        path.write_bytes(content[:length])
        with pytest.raises(RunError, match=r"damaged|version"):
            Pool(path)
    rng = random.Random(0)
    for _ in range(300):
        flipped = bytearray(content)
        for _ in range(3):
            flipped[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
        path.write_bytes(flipped)
        try:
            with Pool(path) as pool:
                pool.entries()
                pool.digest()
        except RunError:
            pass  # any other type fails the test


def test_other_versions_and_other_databases(tmp_path: Path) -> None:
    for name, statement in (("newer", "PRAGMA user_version = 99"), ("other", "CREATE TABLE x (y)")):
        with closing(sqlite3.connect(tmp_path / f"{name}.sqlite")) as connection:
            connection.execute(statement)
            connection.commit()
    for name, version in (("newer", "99"), ("other", "0")):
        with pytest.raises(RunError, match=f"has version {version}"):
            Pool(tmp_path / f"{name}.sqlite")
    with pytest.raises(RunError, match="cannot be opened"):
        Pool(tmp_path / "none" / "pool.sqlite")
