"""What a ranking trains: asked for, checked, and fixed for the ranking's life (imports no torch)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

from bnao.errors import RunError, require, require_seed, unknown_name
from bnao.ranking.bootstrap import FEWEST_ARCHITECTURES
from bnao.storage import Pool, PoolEntry, RunFolder, from_dict
from bnao.storage.files import read_error
from bnao.storage.manifest import FILE_NAME
from bnao.storage.pool import latest_round

FOLDER = "ranking"  # within the run's folder
PLAN = "plan.json"
ARCHITECTURES = 40
STRATIFY = ("none", "size")


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What the user asks for; None: as the ranking was begun, else 40 architectures, drawn uniformly by seed 0."""

    architectures: int | None = None
    stratify: str | None = None
    second_seed: int | None = None
    seed: int | None = None


@dataclass(frozen=True, kw_only=True)
class RankPlan:
    """Which architectures are trained: ``architectures`` of the pool that ``round`` scored, the first few twice."""

    round: int
    architectures: int
    stratify: Literal["none", "size"]
    second_seed: int
    seed: int


@dataclass(frozen=True)
class Frame:
    """What is drawn from: the architectures that ``round`` scored, in the order of the pool."""

    round: int
    entries: list[PoolEntry]
    left_out: int = 0  # architectures that later rounds brought and scored: a ranking stays with its round's pool


def read_frame(run: RunFolder, round: int | None = None) -> Frame:
    """The pool that ``round`` (None: the latest one) scored. Raises RunError if no round has scored it."""
    found: Frame | None = None
    if run.manifest.pool is not None:
        with Pool(run.pool_path) as pool:
            entries = pool.entries()
            last = latest_round(entries) if round is None else round
            if last is not None:
                scored = pool.scores_of(last)
                later = [e for e in entries if e.id not in scored and (e.score_round or 0) > last]
                found = Frame(last, [e for e in entries if e.id in scored], len(later))
    if found is None or not found.entries:
        raise RunError(
            f"a ranking is measured once a round has scored the pool; {str(run.path)!r} has no scores yet: go on with "
            f"it by `bnao resume {run.path}`"
        )
    return found


def left_out_words(frame: Frame, where: str) -> str:
    """What a ranking that was begun at an earlier round does not see, and how it would."""
    return (
        f"the sample is drawn from the {len(frame.entries)} architectures that round {frame.round} scored when this "
        f"ranking was begun; {frame.left_out} of later rounds are not in it: to have them, remove the folder "
        f"{where!r}, which discards its trainings, and rank again"
    )


def is_begun(run: RunFolder) -> bool:
    """Whether the run has a ranking, finished or not."""
    return (run.path / FOLDER / FILE_NAME).exists()


def open_ranking(run: RunFolder) -> RunFolder | None:
    """The ranking of a run, to read; None where none was begun. Raises RunError where it is damaged."""
    return RunFolder.open(run.path / FOLDER, ranking=True) if is_begun(run) else None


@contextmanager
def whole(run: RunFolder) -> Iterator[None]:
    """Within it an error of reading the ranking of ``run`` has a ranking's remedy: it can be removed, the run stays.

    Only what could be restored or made anew can be removed: what the system refuses to read may be undamaged.
    """
    folder = run.path / FOLDER
    try:
        yield
    except OSError as error:
        raise read_error(folder, error) from error
    except RunError as error:
        what, _, remedy = str(error).rpartition(": ")
        if not re.search(r"\b(restore|anew)\b", remedy):
            raise
        raise RunError(
            f"{what}: restore it from a copy, or remove the folder {str(folder)!r} and rank again"
        ) from error


def read_plan(folder: RunFolder) -> RankPlan | None:
    """The plan of a ranking; None if it was killed before it had one. Raises RunError if it is damaged."""
    if not folder.has(PLAN):
        return None
    return from_dict(RankPlan, folder.read_json(PLAN), source=f"{folder.path}/{PLAN}")


def check_asked(asked: Asked, processes: int | None) -> None:
    """Raise SettingError for what no run could give."""
    if asked.stratify is not None and asked.stratify not in STRATIFY:
        raise unknown_name("word for stratify", asked.stratify, STRATIFY)
    for name, value, least, remedy in (
        ("architectures", asked.architectures, FEWEST_ARCHITECTURES, "40 is usual; fewer than 5 say nothing"),
        ("second_seed", asked.second_seed, 0, "10 is usual; 0 trains none twice"),
        ("processes", processes, 1, "leave it out: one for each core or GPU"),
    ):
        require(value is None or value >= least, f"{name} is at least {least}", value, remedy)
    if asked.seed is not None:
        require_seed(asked.seed)
    require(
        asked.second_seed is None or asked.second_seed == 0 or asked.second_seed >= FEWEST_ARCHITECTURES,
        f"a noise ceiling needs second seeds of {FEWEST_ARCHITECTURES} architectures or more",
        asked.second_seed,
        "10 is usual; 0 trains none twice",
    )


def make_plan(asked: Asked, frame: Frame, before: RankPlan | None, where: str) -> RankPlan:
    """The plan, or the grown one of a ranking begun ``before``. Raises SettingError for what does not fit.

    A ranking only grows: more architectures, more second seeds; the sample of the smaller one is its beginning.
    """
    old = before or RankPlan(
        round=frame.round,
        architectures=min(ARCHITECTURES, len(frame.entries)),
        stratify="none",
        second_seed=0,
        seed=0,
    )
    new = RankPlan(
        round=frame.round,
        architectures=old.architectures if asked.architectures is None else asked.architectures,
        stratify=old.stratify if asked.stratify is None else "size" if asked.stratify == "size" else "none",
        second_seed=old.second_seed if asked.second_seed is None else asked.second_seed,
        seed=old.seed if asked.seed is None else asked.seed,
    )
    if before is not None:
        _check_growth(before, new, where)
    num = len(frame.entries)
    require(
        new.architectures >= FEWEST_ARCHITECTURES,
        f"a ranking needs a pool of {FEWEST_ARCHITECTURES} architectures or more",
        num,
        "rank a run with a larger pool",
    )
    rule, remedy = f"architectures is at most the pool that round {frame.round} scored, {num}", "ask for fewer"
    if frame.left_out:
        rule += f", with which the ranking in {where!r} was begun"
        remedy = f"ask for {num} or fewer, or remove that folder, which discards its trainings, and ask for "
        remedy += f"{num + frame.left_out} or fewer, of the pool that later rounds scored"
    require(new.architectures <= num, rule, new.architectures, remedy)
    require(
        new.second_seed <= new.architectures,
        f"second_seed is at most the number of architectures, {new.architectures}",
        new.second_seed,
        "ask for fewer second seeds, or for more architectures",
    )
    return new


def _check_growth(before: RankPlan, new: RankPlan, where: str) -> None:
    remove = "or remove that folder, which discards its trainings, to begin anew"
    for name in ("seed", "stratify"):
        old, value = getattr(before, name), getattr(new, name)
        require(
            old == value,
            f"a ranking goes on with the {name} it was begun with, {old!r} in {where!r}",
            value,
            f"leave {name} out, {remove}",
        )
    for name, word in (("architectures", "architectures"), ("second_seed", "second seeds")):
        old, value = getattr(before, name), getattr(new, name)
        require(
            value >= old,
            f"a ranking only grows; {old} {word} were asked for last in {where!r}",
            value,
            f"ask for {old} or more, {remove}",
        )
