"""The last training of one network, in full, as ``bnao.train``."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bnao.api.searching import _draw_report, _listener, _stage_log
from bnao.distributed import is_leader
from bnao.errors import RunError, SettingError
from bnao.loop.delivered import load_delivered
from bnao.loop.events import Kept, Listener
from bnao.loop.recording import recorded
from bnao.loop.train.config import TrainConfig
from bnao.loop.train.result import NETWORK, TrainingResult, read_training
from bnao.recipes import load_train_recipe
from bnao.settings import nest, update
from bnao.storage import RunFolder, from_dict, to_plain
from bnao.storage.used import refuse_used

if TYPE_CHECKING:
    from torch import nn

    from bnao.arch import Architecture
    from bnao.loop.stages import StageLog
    from bnao.loop.team.start import Assembly
    from bnao.loop.train.bench import TrainBench
    from bnao.loop.workbench import Workbench


class Training:
    """A finished training: its figures (``summary``), the network (``module``), the report."""

    bench: Workbench | None = None  # of a search; a training takes nothing from Python that its folder lacks

    def __init__(self, path: Path, summary: TrainingResult) -> None:
        self.path = path
        self.summary = summary

    @property
    def accuracy(self) -> float:
        """Share of the test images that the network gets right after the last epoch, in [0, 1]."""
        return self.summary.test_accuracy

    @property
    def error(self) -> float:
        """``1 - accuracy``: the headline. That it is the last epoch's was not chosen on these images.

        Where the data have no test set, and a search on the same data chose the architecture, some of the images helped
        to choose it: ``summary.measured_on`` says so.
        """
        return self.summary.test_error

    @property
    def module(self) -> nn.Module:
        """The network in eval mode, read from the run folder; a plain torch module.

        Input (B, C, H, W): ``(pixels / 255 - mean) / std`` with :attr:`normalisation`.
        """
        return load_delivered(self.path, NETWORK)

    @property
    def normalisation(self) -> tuple[list[float], list[float]]:
        """Mean and standard deviation of each channel, for pixels in [0, 1]: what ``module``'s input is scaled by."""
        _, metadata = RunFolder.open(self.path).read_weights(NETWORK)
        values = json.loads(metadata["normalisation"])
        return values["mean"], values["std"]

    def report(self, path: str | Path) -> Path:
        """Write the report, one HTML page that needs nothing else, to ``path``. Raises RunError."""
        from bnao.report.web.page import write_report

        return write_report(RunFolder.open(self.path), Path(path))


def train(
    config: str | TrainConfig,
    architecture: str | Path | Architecture | None = None,
    out: str | Path = "runs/final",
    *,
    settings: Mapping[str, Any] | None = None,
    recipe: str | None = None,
    processes: int | None = None,
    listener: Listener | Callable[..., None] | None = None,
) -> Training:
    """Train one network in full, measure it on test images after each epoch, and write all to the new folder ``out``.

    ``config``: the name of a training recipe (``cifar10-final``, ``imagenet-final``) or a whole configuration.
    ``architecture``: the folder of a finished run, the word ``published``, tokens, or an
    :class:`~bnao.arch.Architecture`; left out, what the configuration says. ``settings`` changes any setting by its
    dotted name, such as ``{"training.epochs": 10, "data.source": "stream:imagenet"}``. ``recipe`` is the name that the
    run is remembered by; ``listener`` as in :func:`bnao.search`.

    ``processes`` on this machine share each batch and the test images; a script that torchrun started makes this same
    call in each process (docs/scaling.md). ``training.batch_size`` is that of all of them together.

    The reported figures are those after the last epoch; the best epoch is told apart, for it is chosen on the test
    images (docs/training.md). Raises BnaoError: for settings and data that do not fit, before anything is written.
    Ctrl-C and SIGTERM end it at the next step as :class:`~bnao.errors.Interrupted`; :func:`resume_training` goes on.
    """
    from bnao.loop.given import NOTHING
    from bnao.loop.team.start import Assembly
    from bnao.loop.train.bench import prepare_training
    from bnao.loop.train.divided import TrainWork

    if is_leader():
        refuse_used(Path(out), "training")
    name, chosen = _configuration(config, architecture, settings)
    early, heard = Kept(), _listener(listener)
    log = _stage_log(early, heard)
    with Assembly(processes, NOTHING) as assembly:
        if assembly.follows:
            return _followed(assembly)
        bench = assembly.joined(TrainWork(prepare_training(chosen, log))).bench
        note = asdict(bench.origin)
        with RunFolder.create(out, config=bench.config, recipe=recipe or name, kind="training", note=note) as run:
            return _run(bench, run, log, early, heard, assembly)


def resume_training(
    path: str | Path, *, processes: int | None = None, listener: Listener | Callable[..., None] | None = None
) -> Training:
    """Go on with the training in ``path`` from its last save, to the same bits; a finished one is only read.

    ``processes`` as in :func:`train`: with fewer than it was begun with the outcome is the same up to the order of
    float sums, with more it goes on in another way and says so.

    Raises BnaoError: RunError if another process works on it, if its files are damaged, or if its data have changed.
    """
    from bnao.loop.given import NOTHING
    from bnao.loop.inputs import read_inputs
    from bnao.loop.team.start import Assembly
    from bnao.loop.train.bench import prepare_again
    from bnao.loop.train.divided import TrainWork

    with Assembly(processes, NOTHING) as assembly:
        if assembly.follows:
            return _followed(assembly)
        with RunFolder.resume(path) as run:
            if run.manifest.kind != "training":
                raise RunError(f"a training is gone on with; {str(path)!r} is a search: use bnao.resume")
            early, heard = Kept(), _listener(listener)
            if run.status == "finished":
                return _finished(run, assembly, heard)
            log, inputs = _stage_log(early, heard), read_inputs(run)
            parts = 1 if inputs is None else inputs.parts
            bench = assembly.joined(TrainWork(prepare_again(run, log)), resumed=True, parts=parts).bench
            return _run(bench, run, log, early, heard, assembly)


def _followed(assembly: Assembly) -> Training:
    """In a process that is not rank 0: serve, and return what rank 0 found."""
    path, summary = assembly.follow().result
    return Training(Path(path), from_dict(TrainingResult, summary, source="rank 0"))


def _configuration(
    config: str | TrainConfig, architecture: str | Path | Architecture | None, settings: Mapping[str, Any] | None
) -> tuple[str, TrainConfig]:
    name, config = (config, load_train_recipe(config)) if isinstance(config, str) else ("custom", config)
    changes = dict(settings or {})
    if architecture is not None:
        if "architecture" in changes:
            raise SettingError("the architecture is given once; received it twice: leave settings['architecture'] out")
        changes["architecture"] = str(architecture)
    return name, update(config, nest(changes))


def _run(
    bench: TrainBench, run: RunFolder, log: StageLog, early: Kept, heard: Listener, assembly: Assembly
) -> Training:
    from bnao.loop.train.run import run_training

    with recorded(run, log, early, heard, go_on=f"`bnao resume {run.path}`", patient=assembly.is_launched):
        run_training(bench, run, log)
        return _finished(run, assembly, log.listener)


def _finished(run: RunFolder, assembly: Assembly, listener: Listener) -> Training:
    """Put the results of a finished training at the top of its folder, for people, with the report."""
    summary = read_training(run)
    assembly.finish((str(run.path), to_plain(summary)))
    run.publish("result.json")
    run.publish(NETWORK)
    _draw_report(run, listener)
    return Training(run.path, summary)
