"""The pool: every architecture of a search and all scores it received, in one sqlite file."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from bnao.errors import RunError
from bnao.storage.database import Database

FORMAT = 1

_SCHEMA = f"""
CREATE TABLE architectures (
    position INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, text TEXT NOT NULL, round INTEGER NOT NULL,
    origin TEXT NOT NULL, num_params INTEGER NOT NULL, macs INTEGER NOT NULL, generation INTEGER NOT NULL);
CREATE TABLE scores (
    id TEXT NOT NULL REFERENCES architectures (id), round INTEGER NOT NULL, score REAL NOT NULL, predicted REAL,
    generation INTEGER NOT NULL, PRIMARY KEY (id, round));
PRAGMA user_version = {FORMAT};
"""


@dataclass(frozen=True, kw_only=True)
class PoolEntry:
    """One architecture of the pool. ``score`` is the latest one-shot score, higher is better; None before the first."""

    id: str
    text: str
    round: int  # the round that brought it, from 1
    origin: str  # what proposed it, e.g. "random", "nao"
    num_params: int
    macs: int
    score: float | None = None
    score_round: int | None = None  # the round of the latest score
    predicted: float | None = None  # the controller's prediction of it


@dataclass(frozen=True, kw_only=True)
class ScoreRecord:
    """One score that an architecture received."""

    round: int
    score: float
    predicted: float | None = None


class Pool:
    """The pool in the file ``path``, created if there is none.

    Each call writes in one transaction: whole or not at all. ``next_generation`` gives the number of the run's
    generation that a write will belong to, so that :meth:`roll_back` can drop what a killed process added after the
    last commit. Raises RunError for a file that is damaged, not a pool, or of a newer format.

    >>> pool = Pool(None)
    >>> pool.add([PoolEntry(id="a1", text="0 1", round=1, origin="random", num_params=9, macs=81)])
    >>> pool.set_scores(1, {"a1": -0.5})
    >>> pool.best(1)[0].score
    -0.5
    """

    def __init__(self, path: Path | None, *, next_generation: Callable[[], int] = lambda: 0) -> None:
        self._next_generation = next_generation
        self._database = Database(path, schema=_SCHEMA, version=FORMAT, kind="pool")

    def add(self, entries: Iterable[PoolEntry]) -> None:
        """Append entries in order (their scores, if any, too). Raises RunError if an id is in the pool already."""
        entries, generation = list(entries), self._next_generation()
        rows = [(e.id, e.text, e.round, e.origin, e.num_params, e.macs, generation) for e in entries]
        scored = [
            (e.id, e.round if e.score_round is None else e.score_round, _finite(e.id, e.score), e.predicted, generation)
            for e in entries
            if e.score is not None
        ]
        present = self._ids()
        for entry in entries:
            if entry.id in present:
                raise RunError(
                    f"a pool holds each architecture once; received {entry.id} ({entry.text[:60]}) again: leave it out"
                )
            present.add(entry.id)
        with self._database.transaction() as write:
            write(
                "INSERT INTO architectures (id, text, round, origin, num_params, macs, generation) "
                "VALUES (?, ?, ?, ?, ?, ?, ?)",
                rows,
            )
            write("INSERT INTO scores VALUES (?, ?, ?, ?, ?)", scored)

    def set_scores(self, round: int, scores: Mapping[str, float], predicted: Mapping[str, float] | None = None) -> None:
        """Store the scores (by id; finite, higher is better) that a round gave; the round's former ones are replaced.

        ``predicted`` are the controller's predictions for some of the ids. Raises RunError for an id not in the pool
        or a score that is not finite.
        """
        unknown = scores.keys() - self._ids()
        if unknown:
            raise RunError(f"scores are for architectures of the pool; received {min(unknown)!r}: add it first")
        guess, generation = predicted or {}, self._next_generation()
        rows = [(id, round, _finite(id, score), guess.get(id), generation) for id, score in scores.items()]
        with self._database.transaction() as write:
            write("INSERT OR REPLACE INTO scores VALUES (?, ?, ?, ?, ?)", rows)

    def entries(self) -> list[PoolEntry]:
        """All entries in the order of insertion, each with its latest score."""
        latest: dict[str, ScoreRecord] = {}
        for id, record in self._scores("ORDER BY round"):
            latest[id] = record
        found = []
        for id, text, round, origin, params, macs in self._database.rows(
            "SELECT id, text, round, origin, num_params, macs FROM architectures ORDER BY position",
            (str, str, int, str, int, int),
        ):
            score = latest.get(id)
            found.append(
                PoolEntry(
                    id=id, text=text, round=round, origin=origin, num_params=params, macs=macs,
                    score=score.score if score else None,
                    score_round=score.round if score else None,
                    predicted=score.predicted if score else None,
                )
            )  # fmt: skip
        return found

    def best(self, k: int) -> list[PoolEntry]:
        """The ``k`` entries with the highest latest score, best first, ties in order of insertion; unscored ones never.

        Only scores of the latest scoring round count: scores of different supernets are not comparable.
        """
        entries = self.entries()
        last = max((e.score_round for e in entries if e.score_round is not None), default=None)
        scored = [e for e in entries if e.score is not None and e.score_round == last]
        return sorted(scored, key=lambda e: -(e.score or 0.0))[:k]

    def score_history(self, id: str) -> list[ScoreRecord]:
        """All scores of an architecture, by round. Raises RunError for an id not in the pool."""
        if id not in self._ids():
            raise RunError(f"a history is of an architecture of the pool; received {id!r}: see the ids in entries()")
        return [record for _, record in self._scores("WHERE id = ? ORDER BY round", (id,))]

    def count_by_round(self) -> dict[int, int]:
        """How many architectures each round brought."""
        query = "SELECT round, COUNT(*) FROM architectures GROUP BY round ORDER BY round"
        return dict(self._database.rows(query, (int, int)))

    def __len__(self) -> int:
        [(count,)] = self._database.rows("SELECT COUNT(*) FROM architectures", (int,))
        return int(count)

    def roll_back(self, generation: int) -> None:
        """Drop all that was written for generations after ``generation``."""
        with self._database.transaction() as write:
            write("DELETE FROM scores WHERE generation > ?", [(generation,)])
            write("DELETE FROM architectures WHERE generation > ?", [(generation,)])

    def digest(self) -> str:
        """SHA-256 of the content (all entries and scores): equal pools have equal digests."""
        content = [(e.id, e.text, e.round, e.origin, e.num_params, e.macs) for e in self.entries()]
        scores = [(id, record) for id, record in self._scores("ORDER BY id, round")]
        return hashlib.sha256(repr((content, scores)).encode()).hexdigest()

    def close(self) -> None:
        """Close the file; the pool may not be used afterwards."""
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def _ids(self) -> set[str]:
        return {id for (id,) in self._database.rows("SELECT id FROM architectures", (str,))}

    def _scores(self, tail: str, values: Sequence[str] = ()) -> Iterable[tuple[str, ScoreRecord]]:
        query = f"SELECT id, round, score, predicted FROM scores {tail}"
        for id, round, score, predicted in self._database.rows(query, (str, int, float, float | None), values):
            yield id, ScoreRecord(round=round, score=score, predicted=predicted)


def _finite(id: str, score: float | None) -> float:
    if score is None or not math.isfinite(score):
        raise RunError(f"scores are finite numbers; received {score!r} for {id}: clip or leave out diverged networks")
    return float(score)
