"""What ``import bnao`` offers: whole searches, sizes, and the winner as a plain torch module."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from bnao.cost.limits import Limits
from bnao.errors import BnaoError, Interrupted, NumericalError, RunError, SettingError
from bnao.loop.config import SearchConfig
from bnao.loop.events import Kept, Listener, Several, Silent
from bnao.loop.result import SearchResult, read_result
from bnao.spaces.config import NetworkConfig, SpaceConfig
from bnao.storage import RunFolder, from_dict
from bnao.storage.used import refuse_used
from bnao.task import Task

if TYPE_CHECKING:
    from torch import nn

    from bnao.loop.rank.result import RankingResult
    from bnao.loop.stages import StageLog
    from bnao.loop.workbench import Workbench


T = TypeVar("T")


class Result:
    """A finished search: its figures (``summary``) and the delivered network (``module``)."""

    def __init__(self, path: Path, summary: SearchResult) -> None:
        self.path = path
        self.summary = summary

    @property
    def accuracy(self) -> float:
        """Accuracy in [0, 1] of the delivered network on data that the search did not use."""
        return self.summary.winner.test_accuracy

    @property
    def normalisation(self) -> tuple[list[float], list[float]]:
        """Mean and standard deviation of each channel, for pixels in [0, 1]: what ``module``'s input is scaled by."""
        _, metadata = RunFolder.open(self.path).read_weights("winner.safetensors")
        values = json.loads(metadata["normalisation"])
        return values["mean"], values["std"]

    @property
    def module(self) -> nn.Module:
        """The delivered network in eval mode, read from the run folder: normalised images -> logits.

        Input (B, C, H, W): ``(pixels / 255 - mean) / std`` with :attr:`normalisation`.
        """
        return load_winner(self.path)


def search(
    config: SearchConfig, out: str | Path, *, recipe: str = "custom", listener: Listener | None = None
) -> Result:
    """Search with ``config`` and write everything to the new or empty folder ``out``.

    ``recipe`` is the name that the run is remembered by; ``listener`` hears the events (:mod:`bnao.loop.events`).
    Raises BnaoError: for settings and data that do not fit, before anything is written or trained. Ctrl-C and SIGTERM
    end it at the next step as :class:`~bnao.errors.Interrupted`; :func:`resume` goes on.
    """
    from bnao.loop.run import prepare

    refuse_used(Path(out))
    early, heard = Kept(), listener or Silent()
    log = _stage_log(early, heard)
    bench = prepare(config, log)
    with RunFolder.create(out, config=config, recipe=recipe) as run:
        return _run(bench, run, log, early, heard)


def resume(path: str | Path, *, listener: Listener | None = None) -> Result:
    """Go on with the run in ``path`` from its last commit; a finished run is only read.

    The outcome (pool, scores, weights, winner) is that of an undisturbed run, to the bit, on the same machine and
    versions. Raises BnaoError: RunError if another process works on the run, if its files are damaged, or if its data
    have changed.
    """
    from bnao.loop.inputs import run_config
    from bnao.loop.run import prepare

    with RunFolder.resume(path) as run:
        if run.status == "finished":
            return _finished(run)
        early, heard = Kept(), listener or Silent()
        log = _stage_log(early, heard)
        bench = prepare(run_config(run), log, begun=run.manifest.pool is not None)
        return _run(bench, run, log, early, heard)


def pick(
    path: str | Path,
    out: str | Path,
    *,
    max_params: int | None = None,
    max_macs: int | None = None,
    listener: Listener | None = None,
) -> Result:
    """Another budget from the supernet of the finished run in ``path``: no supernet is trained.

    A run of its own in the new folder ``out``, with all of the other's settings but the limits: the part of the pool
    that keeps them is scored, the controller proposes within them, the best are trained alone beside random ones that
    keep them too, and the winner is trained and measured. Limits count the delivered network (parameters; multiply-adds
    of one image). Raises BnaoError as :func:`search` does, and if no limit is given.
    """
    from bnao.loop.inputs import run_config

    source = RunFolder.open(path)
    config = run_config(source)
    limits = Limits(max_params=max_params, max_macs=max_macs)
    if not limits.any:
        raise SettingError("a pick needs a limit; received none: give max_params, max_macs or both")
    loop, supernet = replace(config.loop, known=None), replace(config.supernet, source=str(path))
    config = replace(config, limits=limits, loop=loop, supernet=supernet)
    return search(config, out, recipe=source.manifest.recipe, listener=listener)


def rank(
    run: str | Path,
    architectures: int | None = None,
    *,
    stratify: str | None = None,
    second_seed: int | None = None,
    seed: int | None = None,
    processes: int | None = None,
    listener: Listener | None = None,
) -> RankingResult:
    """How far the one-shot ranking of the run in ``run`` can be trusted, measured by stand-alone trainings.

    ``architectures`` of its scored pool (default 40; ``stratify="size"``: equally many of each fifth by size) are
    trained with the run's re-ranking settings and measured on its held-out data; ``second_seed`` of them a second time,
    for the noise ceiling. ``seed`` draws the sample and names the trainings. They are divided over ``processes``
    (default: one for each core or GPU), on which no result depends. All is kept in the run's folder ``ranking``, apart
    from the state of the search: asked again, with more of them too, it goes on or gives what is finished. Left out
    arguments are those it was begun with. Writes ``ranking.json``, ``ranking.csv`` and the report of the run.

    These accuracies judge the ranking. Do not choose an architecture by them: that would be to choose on test data.
    Raises BnaoError; Ctrl-C and SIGTERM end it as :class:`~bnao.errors.Interrupted`.
    """
    from bnao.loop.rank.plan import Asked
    from bnao.loop.rank.result import publish
    from bnao.loop.rank.run import rank_run

    folder = RunFolder.open(run)
    asked = Asked(architectures=architectures, stratify=stratify, second_seed=second_seed, seed=seed)
    go_on = f"`bnao rank {folder.path}`"
    try:
        result = rank_run(folder, asked, processes, listener or Silent())
    except KeyboardInterrupt:
        raise Interrupted(f"stopped; all work up to here is kept: go on with {go_on}") from None
    publish(result, folder)
    _draw_report(folder, listener or Silent())
    return result


def _stage_log(*listeners: Listener) -> StageLog:
    from bnao.loop.stages import StageLog

    return StageLog(Several(*listeners))


def _run(bench: Workbench, run: RunFolder, log: StageLog, early: Kept, heard: Listener) -> Result:
    from bnao.loop.run import run_search
    from bnao.loop.stopping import stoppable

    go_on = f"`bnao resume {run.path}`"
    try:
        with run.event_log() as events, stoppable(log.stop):
            early.replay(events)
            log.listener = Several(events, heard)
            run_search(bench, run, log)
            return _finished(run, log)
    except KeyboardInterrupt:
        raise Interrupted(f"stopped; all work up to here is kept: go on with {go_on}") from None
    except NumericalError as error:
        raise NumericalError(f"{error}; the last good state is kept in {str(run.path)!r}") from error
    except RunError as error:
        raise RunError(f"{error}; the last good state is kept: then go on with {go_on}") from error


def _finished(run: RunFolder, log: StageLog | None = None) -> Result:
    """Put the results of a finished run at the top of its folder, for people, with the report."""
    summary = read_result(run)
    run.publish("result.json")
    run.publish("winner.safetensors")
    _draw_report(run, Silent() if log is None else log.listener)
    return Result(run.path, summary)


def _draw_report(run: RunFolder, listener: Listener) -> None:
    try:
        from bnao.report.web.page import write_report

        write_report(run)
    except BnaoError:
        raise
    except Exception as error:  # a fault in drawing is ours, and must not take finished work with it
        text = f"the report could not be drawn ({type(error).__name__}: {error}); all else is written"
        listener.event("warning", text=text)


def size(
    tokens: str,
    space: SpaceConfig | None = None,
    network: NetworkConfig | None = None,
    in_channels: int = 3,
    input_size: int = 32,
    num_classes: int = 10,
) -> dict[str, int | None]:
    """Exact counts of an architecture's stand-alone network.

    ``num_params`` without and ``num_params_with_auxiliary`` with the auxiliary head (None where images of
    ``input_size`` pixels a side are too small for one); ``macs``: multiply-adds of convolutions and linear layers for
    one image, the auxiliary head never included. ``tokens`` is the text form of an architecture of ``space``.

    >>> from bnao.spaces.nao_cell import PUBLISHED
    >>> size(PUBLISHED, network=NetworkConfig(cells_per_stage=6, channels=36))["num_params"]
    4387654
    """
    from bnao.cost.sizes import SizeTable
    from bnao.spaces import load_spaces
    from bnao.spaces.base import make_space

    load_spaces()
    chosen, plain = make_space(space or SpaceConfig()), replace(network or NetworkConfig(), auxiliary=False)
    architecture = [chosen.grammar.parse(tokens)]
    task = Task(in_channels=in_channels, image_size=(input_size, input_size), num_classes=num_classes)
    try:
        skeleton, fits = chosen.skeleton(replace(plain, auxiliary=True), task), True
    except SettingError:  # too small for an auxiliary head; any other reason is raised again here
        skeleton, fits = chosen.skeleton(plain, task), False
    table = SizeTable(skeleton)
    return {
        "num_params": int(table.num_params(architecture)[0]),
        "num_params_with_auxiliary": int(table.num_params_with_auxiliary(architecture)[0]) if fits else None,
        "macs": int(table.macs(architecture)[0]),
    }


def load_winner(path: str | Path) -> nn.Module:
    """The delivered network of the finished run in ``path``, in eval mode. Raises RunError."""
    from bnao.spaces import load_spaces
    from bnao.spaces.base import make_space

    load_spaces()
    tensors, metadata = RunFolder.open(path).read_weights("winner.safetensors")

    def stored(cls: type[T], name: str) -> T:
        return from_dict(cls, json.loads(metadata[name]), source=f"the winner's {name}")

    space = make_space(stored(SpaceConfig, "space"))
    skeleton = space.skeleton(stored(NetworkConfig, "network"), stored(Task, "task"))
    module = skeleton.build_standalone(space.grammar.parse(metadata["architecture"])).module
    module.load_state_dict(tensors)
    return module.eval()
