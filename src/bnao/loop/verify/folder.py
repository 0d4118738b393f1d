"""Whether a run folder is whole: hashes, the pool at its generation, the copies for people, the log."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from bnao.errors import RunError
from bnao.loop.reranking import chosen_scores
from bnao.loop.result import SearchResult
from bnao.loop.verify.checks import Checks
from bnao.storage import Pool, RunFolder, files


def check_files(run: RunFolder, checks: Checks, name: str = "files") -> None:
    """Every file that the manifest names: there, of its length and SHA-256, and readable in its format."""
    bad = []
    for file in run.manifest.files:
        try:
            if file.endswith(".json"):
                run.read_json(file)
            elif file.endswith(".pt"):
                run.read_checkpoint(file)
            else:
                run.read_weights(file)
        except RunError as error:
            bad.append(str(error))
    if bad:
        checks.differs(name, "; ".join(bad))
        return
    num = len(run.manifest.files)
    checks.agrees(name, f"{num} files of generation {run.generation}: SHA-256 and contents as the manifest says")


@contextmanager
def pool_copy(run: RunFolder, checks: Checks) -> Iterator[Pool | None]:
    """The pool at the run's generation, in a copy: a run is only read. None where there is none, or it is damaged."""
    if run.manifest.pool is None:
        yield None
        return
    with tempfile.TemporaryDirectory(prefix="bnao-verify-") as place:
        pool = _copied(run, Path(place), checks)
        try:
            yield pool
        finally:
            if pool is not None:
                pool.close()


def _copied(run: RunFolder, place: Path, checks: Checks) -> Pool | None:
    pool = None
    with checks.guard("pool"):
        for name in (run.pool_path.name, run.pool_path.name + "-journal"):
            if (run.path / name).exists() or name == run.pool_path.name:
                _copy(run.path / name, place / name)
        pool = Pool(place / run.pool_path.name)
        pool.roll_back(run.generation)
        if pool.digest() == run.manifest.pool:
            checks.agrees("pool", f"{len(pool):,} architectures, rows and scores as generation {run.generation} says")
        else:
            checks.differs("pool", f"its rows are not those of generation {run.generation}: restore it from a copy")
    return pool


def _copy(source: Path, target: Path) -> None:
    try:
        shutil.copyfile(source, target)
    except OSError as error:
        raise files.read_error(source, error) from error


def check_published(run: RunFolder, names: Iterable[str], checks: Checks) -> None:
    """The copies ``names`` at the top of a finished run's folder are those of its state."""
    for name in names:
        path = run.path / name
        with checks.guard(name):
            if not path.exists():
                checks.differs(name, f"the copy for people is missing: `bnao resume {run.path}` puts it back")
            else:
                record = run.manifest.files.get(name)
                expected = None if record is None else record.sha256
                same = files.sha256(path)[0] == expected
                if same:
                    checks.agrees(name, "the copy for people is that of the state")
                else:
                    checks.differs(name, f"the copy for people was changed: `bnao resume {run.path}` puts it back")


def check_events(run: RunFolder, checks: Checks) -> None:
    """The log can be read."""
    with checks.guard("events"):
        checks.agrees("events", f"{len(run.events()):,} events, each line whole")


def check_pool(run: RunFolder, result: SearchResult, pool: Pool, checks: Checks) -> None:
    """What the result says of the pool and its scores is what the pool says."""
    checks.same("pool size", result.pool_size, len(pool), f"{len(pool):,} architectures, as the result says")
    by_round = list(pool.count_by_round().values())
    checks.same("pool by round", result.pool_by_round, by_round, f"{', '.join(map(str, by_round))} by round")
    scores = {entry.text: entry.score for entry in pool.entries()} | chosen_scores(run)
    wrong = [t.id for t in result.trained if t.score is not None and scores.get(t.architecture) != t.score]
    if wrong:
        checks.differs(
            "scores of the result", f"other scores than the pool and the re-ranking have: {', '.join(wrong)}"
        )
    else:
        num = sum(t.score is not None for t in result.trained)
        checks.agrees("scores of the result", f"{num} scores, as the pool and the re-ranking have them")
