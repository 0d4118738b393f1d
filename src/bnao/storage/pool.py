"""The pool: every architecture of a search and all scores it received, in one sqlite file."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from bnao.errors import RunError
from bnao.storage.database import Database

FORMAT = 2

_SCHEMA = f"""
CREATE TABLE architectures (
    position INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, text TEXT NOT NULL, round INTEGER NOT NULL,
    origin TEXT NOT NULL, num_params INTEGER NOT NULL, macs INTEGER NOT NULL, generation INTEGER NOT NULL);
CREATE TABLE scores (
    id TEXT NOT NULL REFERENCES architectures (id), round INTEGER NOT NULL, score REAL NOT NULL,
    generation INTEGER NOT NULL, PRIMARY KEY (id, round));
CREATE TABLE predictions (
    id TEXT NOT NULL REFERENCES architectures (id), round INTEGER NOT NULL, predicted REAL NOT NULL,
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
    predicted: float | None = None  # what the controller said of that score without having learned it


@dataclass(frozen=True, kw_only=True)
class ScoreRecord:
    """One score that an architecture received."""

    round: int
    score: float
    predicted: float | None = None


def latest_round(entries: Iterable[PoolEntry]) -> int | None:
    """The latest round of scores, None before the first; scores of other rounds are of another supernet."""
    return max((e.score_round for e in entries if e.score_round is not None), default=None)


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
        rounds = [e.round if e.score_round is None else e.score_round for e in entries]
        scored = [
            (e.id, n, _finite(e.score), generation) for e, n in zip(entries, rounds, strict=True) if e.score is not None
        ]
        guessed = [
            (e.id, n, _finite(e.predicted), generation)
            for e, n in zip(entries, rounds, strict=True)
            if e.predicted is not None
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
            write("INSERT INTO scores VALUES (?, ?, ?, ?)", scored)
            write("INSERT INTO predictions VALUES (?, ?, ?, ?)", guessed)

    def set_scores(self, round: int, scores: Mapping[str, float]) -> None:
        """Store the scores (by id; finite, higher is better) that a round gave; the round's former ones are replaced.

        Raises RunError for an id not in the pool or a score that is not finite.
        """
        self._set("INSERT OR REPLACE INTO scores", round, scores)

    def set_predictions(self, round: int, predicted: Mapping[str, float]) -> None:
        """Store what the controller predicts of the scores that ``round`` gives, or gave without its learning them.

        Of several predictions of one score the first stays. Raises RunError as :meth:`set_scores` does.
        """
        self._set("INSERT OR IGNORE INTO predictions", round, predicted)

    def _set(self, insert: str, round: int, values: Mapping[str, float]) -> None:
        unknown = values.keys() - self._ids()
        if unknown:
            raise RunError(f"scores are for architectures of the pool; received {min(unknown)!r}: add it first")
        generation = self._next_generation()
        rows = [(id, round, _finite(value), generation) for id, value in values.items()]
        with self._database.transaction() as write:
            write(f"{insert} VALUES (?, ?, ?, ?)", rows)

    def entries(self) -> list[PoolEntry]:
        """All entries in the order of insertion, each with its latest score."""
        latest: dict[str, ScoreRecord] = {}
        for id, record in self._scores():
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
        last = latest_round(entries)
        scored = [e for e in entries if e.score is not None and e.score_round == last]
        return sorted(scored, key=lambda e: -(e.score or 0.0))[:k]

    def score_history(self, id: str) -> list[ScoreRecord]:
        """All scores of an architecture, by round. Raises RunError for an id not in the pool."""
        if id not in self._ids():
            raise RunError(f"a history is of an architecture of the pool; received {id!r}: see the ids in entries()")
        return [record for _, record in self._scores("WHERE id = ?", (id,))]

    def all_scores(self) -> dict[str, list[ScoreRecord]]:
        """All scores of each architecture that has any, by id, in the order of rounds."""
        found: dict[str, list[ScoreRecord]] = {}
        for id, record in self._scores():
            found.setdefault(id, []).append(record)
        return found

    def scores_of(self, round: int) -> dict[str, float]:
        """All scores that ``round`` gave, by id, in the order of insertion of their architectures."""
        query = (
            "SELECT s.id, s.score FROM scores s JOIN architectures a ON a.id = s.id WHERE s.round = ? "
            "ORDER BY a.position"
        )
        return dict(self._database.rows(query, (str, float), (round,)))

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
            write("DELETE FROM predictions WHERE generation > ?", [(generation,)])
            write("DELETE FROM architectures WHERE generation > ?", [(generation,)])

    def digest(self) -> str:
        """SHA-256 of the content (all entries, scores, predictions): equal pools have equal digests."""
        content = [(e.id, e.text, e.round, e.origin, e.num_params, e.macs) for e in self.entries()]
        scores = list(self._values("scores", "ORDER BY id, round"))
        predictions = list(self._values("predictions", "ORDER BY id, round"))
        return hashlib.sha256(repr((content, scores, predictions)).encode()).hexdigest()

    def close(self) -> None:
        """Close the file; the pool may not be used afterwards."""
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def _ids(self) -> set[str]:
        return {id for (id,) in self._database.rows("SELECT id FROM architectures", (str,))}

    def _scores(self, tail: str = "", values: Sequence[Any] = ()) -> Iterable[tuple[str, ScoreRecord]]:
        """Scores by round, each with the prediction of it, if any."""
        guesses = {(id, round): guess for id, round, guess in self._values("predictions", tail, values)}
        for id, round, score in self._values("scores", f"{tail} ORDER BY round", values):
            yield id, ScoreRecord(round=round, score=score, predicted=guesses.get((id, round)))

    def _values(self, table: str, tail: str, values: Sequence[Any] = ()) -> list[tuple[str, int, float]]:
        column = "score" if table == "scores" else "predicted"
        return self._database.rows(f"SELECT id, round, {column} FROM {table} {tail}", (str, int, float), values)


def _finite(value: float | None) -> float:
    if value is None or not math.isfinite(value):
        raise RunError(f"scores are finite numbers; received {value!r}: clip or leave out diverged networks")
    return float(value)
