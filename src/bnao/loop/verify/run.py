"""A whole verification. It reads the run and the data, trains nothing, and writes nothing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Protocol, Unpack

from bnao.errors import BnaoError, RunError, require
from bnao.loop.arguments import Objects
from bnao.loop.given import Given
from bnao.loop.inputs import Inputs, inputs_now, read_inputs, run_config
from bnao.loop.machine import machine
from bnao.loop.own import objects_given
from bnao.loop.result import RESULT, read_result
from bnao.loop.verify.checks import Checks, Verification
from bnao.loop.verify.folder import check_events, check_files, check_published, check_summary, pool_copy
from bnao.loop.verify.network import check_arms, check_limits, check_measured, rebuilt
from bnao.loop.verify.ranking import check_ranking
from bnao.loop.verify.scores import check_pool_sizes, check_scores
from bnao.loop.workbench import Workbench, make_workbench, num_threads
from bnao.storage import RunFolder
from bnao.storage.manifest import Manifest, versions
from bnao.training.device import resolve_device, threads

OTHERS = 3


class Searched(Protocol):
    """A result of ``bnao.search`` or ``bnao.resume``: where the run lies, and what it was searched with."""

    path: Path
    bench: Workbench | None


def verify(
    run: str | Path | Searched, *, others: int = OTHERS, data: str | None = None, **given: Unpack[Objects]
) -> Verification:
    """Check that the run folder is whole and that what it records comes out again; it is only read.

    The folder: every file's SHA-256, the pool at the manifest's generation, the copies for people, the log. The
    network: built from the run's weights, its parameters and multiply-adds counted, measured again on the same held-out
    data; the networks it was chosen from, and the gain. The scores: the winner's and ``others`` more of the pool, with
    the supernet's weights. A ranking: its figures, from ``ranking.csv``. Numbers must be equal to the bit where
    versions, machine, device and threads are those of the run (CPU), else within 0.005.

    ``run`` is a folder or a :class:`bnao.Result`. ``data``: where the images are now, if they were moved (they must
    be the same). ``given`` is what the run was given in Python (:func:`bnao.resume`): the same again.

    Raises RunError where there is no run folder, SettingError for bad arguments; all else is a check of the result.

    Example: ``verify("runs/demo").ok``
    """
    require(others >= 0, "others is at least 0", others, "0 scores the winner alone")
    path, bench = (run, None) if isinstance(run, (str, Path)) else (run.path, run.bench)
    path, checks = Path(path), Checks()
    if not (path / "manifest.json").is_file():
        Manifest.read(path)  # says what is missing
    objects = objects_given(given)
    _refuse_training(path)
    with checks.guard("manifest"):
        folder = RunFolder.open(path)
        checks.agrees("manifest", f"format {folder.manifest.version}, generation {folder.generation}, checksum as told")
        return _Verify(folder, checks, others).all(bench, objects, data)
    return Verification(run=str(path), exact=False, why="its manifest cannot be read", checks=checks.found)


def _refuse_training(path: Path) -> None:
    """Raise RunError for the run of a training. What cannot be read is said by the checks."""
    try:
        folder = RunFolder.open(path)
    except RunError:
        return
    folder.require_search("a verification")


class _Verify:
    def __init__(self, run: RunFolder, checks: Checks, others: int) -> None:
        self._run, self._checks, self._others = run, checks, others
        self._why = ""

    def all(self, bench: Workbench | None, objects: Given, data: str | None) -> Verification:
        """Every check."""
        run, checks = self._run, self._checks
        check_files(run, checks)
        with pool_copy(run, checks) as pool:
            check_events(run, checks)
            if run.status == "finished":
                check_published(run, checks)
            bench = self._bench(bench, objects, data)
            with threads(1 if bench is None else num_threads(bench.config)):
                result = None
                if run.has(RESULT):
                    with checks.guard("result"):
                        result = read_result(run)
                else:
                    checks.unchecked("result", f"the search has not finished: `bnao resume {run.path}` goes on with it")
                if result is not None:
                    module = rebuilt(run, result, bench, checks)
                    if pool is not None:
                        check_summary(run, result, pool, checks)
                    if bench is not None:
                        check_limits(bench, result, checks)
                        if module is not None:
                            check_measured(bench, result, module, checks)
                        with checks.guard("re-ranking"):
                            check_arms(bench, run, result, checks)
                if bench is not None and pool is not None:
                    check_pool_sizes(bench, pool, checks)
                    with checks.guard("scores"):
                        winner = None if result is None else result.winner.id
                        check_scores(bench, run, pool, winner, self._others, checks)
        check_ranking(run, checks)
        return Verification(run=str(run.path), exact=checks.exact, why=self._why, checks=checks.found)

    def _bench(self, bench: Workbench | None, objects: Given, data: str | None) -> Workbench | None:
        """Data, space and networks, as the run was begun with; None where they are not to be had."""
        checks, before = self._checks, None
        with checks.guard("inputs"):
            before = read_inputs(self._run)
        if before is None:
            self._why = "it does not say what it was begun with"
            return None
        try:
            if bench is None:
                config = run_config(self._run)
                config = config if data is None else replace(config, data=replace(config.data, source=data))
                bench = make_workbench(config, begun=True, given=objects)
            now = inputs_now(bench)
        except BnaoError as error:
            self._why = "the data or the model could not be had"
            checks.unchecked(
                "data",
                f"a run folder holds no images and no code of yours, only their hashes: what is measured on them is "
                f"left out ({error}). Put them back, or say where they are, `bnao verify {self._run.path} --data ...`; "
                f"what was given in Python is given again, bnao.verify({str(self._run.path)!r}, ...)",
            )
            return None
        self._compare(before, now)
        names = {"data": "images or labels", "plugins": "plugin files", "space": "the model's choices"}
        wrong = [words for name, words in names.items() if getattr(before, name) != getattr(now, name)]
        if wrong:
            checks.differs("data", f"{' and '.join(wrong)} are others than those of the run: its figures are left out")
            return None
        source = bench.config.data.source
        checks.agrees("data", f"{source}: training and validation examples are those of the run")
        return bench

    def _compare(self, before: Inputs, now: Inputs) -> None:
        """Whether numbers have to be equal to the bit."""
        device, made = resolve_device(before.device.split(":")[0]), self._run.manifest.versions
        reasons = [
            *([f"made with {made}, this is {versions()}"] if made != versions() else []),
            *(["it does not say on which machine it was made"] if not before.machine else []),
            *([f"made on {before.machine}, this is {now.machine}"] if before.machine not in ("", now.machine) else []),
            *([f"made with {before.threads} threads"] if before.threads != now.threads else []),
            *(["a GPU does not add in a fixed order"] if device.type == "cuda" else []),
        ]
        self._checks.exact = not reasons
        self._why = "; ".join(reasons) or f"the same versions, machine ({machine(device)}) and threads ({now.threads})"
