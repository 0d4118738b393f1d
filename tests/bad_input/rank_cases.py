"""Measuring a run's ranking."""

from __future__ import annotations

from pathlib import Path

from bnao.loop.rank.jobs import TRAININGS, Training, Trainings
from bnao.loop.rank.plan import PLAN, RankPlan
from bnao.storage import RunFolder

from .case import case
from .run_cases import a_run, half

RANK = "rank runs/mine"


def _scored(folder: Path) -> None:
    """A run whose 300 architectures have scores of round 1."""
    a_run(folder)
    with RunFolder.resume(folder / "runs" / "mine") as run, run.pool() as pool, run.commit() as commit:
        pool.set_scores(1, {entry.id: -float(entry.id) for entry in pool.entries()})
        commit.include(pool)


def _begun(folder: Path) -> RunFolder:
    """Its ranking of 40 architectures, with one training, still open."""
    _scored(folder)
    plan = RankPlan(round=1, architectures=40, stratify="none", second_seed=10, seed=0)
    ranking = RunFolder.create(folder / "runs" / "mine" / "ranking", config=plan, recipe="demo", kind="ranking")
    with ranking.commit() as commit:
        commit.write_json(PLAN, plan)
        commit.write_json(TRAININGS, Trainings(finished=[Training(key="rank-1", metric=0.5, seconds=1.0)]))
    return ranking


def _closed(folder: Path) -> None:
    _begun(folder).close()


def _in_use(folder: Path) -> None:
    _begun(folder)  # and not closed


def _cut(name: str, folder: Path) -> None:
    _closed(folder)
    [path] = (folder / "runs" / "mine" / "ranking").glob(name)
    path.write_bytes(half(path.read_bytes()))


CASES = [
    case("check: unknown word", "search --check.when often", "check.when", "auto", "never", "often"),
    case("check: too few", "search --check.architectures 4", "architectures is at least 5", "4", "10 is usual"),
    case(
        "check: more than the pool",
        "search --check.when always --check.architectures 100",
        "check.architectures is at most the pool's size, 80",
        "100",
        "lower it",
    ),
    case("rank: no such folder", RANK, "a run folder is what", "'runs/mine' is missing", "check the path"),
    case("rank: nothing scored yet", RANK, "once a round has scored the pool", "bnao resume runs/mine", make=a_run),
    case(
        "rank: more architectures than the pool",
        f"{RANK} --architectures 301",
        "at most the pool that round 1 scored, 300",
        "301",
        "ask for fewer",
        make=_scored,
    ),
    case(
        "rank: too few architectures",
        f"{RANK} --architectures 4",
        "architectures is at least 5",
        "4",
        "40 is usual",
        make=_scored,
    ),
    case(
        "rank: more second seeds than architectures",
        f"{RANK} --architectures 10 --second-seed 11",
        "second_seed is at most the number of architectures, 10",
        "11",
        make=_scored,
    ),
    case(
        "rank: second seeds that would give no figure",
        f"{RANK} --second-seed 3",
        "needs second seeds of 5 architectures or more",
        "received 3",
        "10 is usual",
        make=_scored,
    ),
    case("rank: unknown word", f"{RANK} --stratify siz", "siz", 'Did you mean "size"?', make=_scored),
    case("rank: no process", f"{RANK} --processes 0", "processes is at least 1", "0", "leave it out", make=_scored),
    case("rank: negative seed", f"{RANK} --seed -1", "seed lies in [0, 2**63)", "-1", make=_scored),
    case("rank: another process works on it", RANK, "one process at a time", "in use by process", make=_in_use),
    case(
        "rank: begun with another seed",
        f"{RANK} --seed 1",
        "goes on with the seed it was begun with, 0",
        "received 1",
        "remove that folder",
        make=_closed,
    ),
    case(
        "rank: fewer than it was begun with",
        f"{RANK} --architectures 20",
        "a ranking only grows",
        "20",
        "ask for 40 or more",
        make=_closed,
    ),
    case(
        "rank: trainings cut in half",
        RANK,
        "trainings",
        "as the run wrote it",
        "remove the folder 'runs/mine/ranking' and rank again",
        make=lambda folder: _cut("state/trainings.g*", folder),
    ),
    case(
        "rank: manifest cut in half",
        RANK,
        "ranking/manifest.json",
        "JSON",
        "remove the folder 'runs/mine/ranking' and rank again",
        make=lambda folder: _cut("manifest.json", folder),
    ),
]
