"""The export of a finished run."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch

from bnao import __version__
from bnao.delivery.description import Description
from bnao.delivery.examples import some_examples
from bnao.delivery.network import build_network
from bnao.delivery.write import check_export, write_export
from bnao.errors import RunError
from bnao.loop.given import OWN
from bnao.loop.inputs import run_config
from bnao.loop.plugins import load_plugins
from bnao.loop.result import read_result
from bnao.loop.train.arch import trusted_config
from bnao.loop.train.result import NETWORK, read_training
from bnao.loop.winner_file import WINNER, read_delivered
from bnao.loop.workbench import Searched, located
from bnao.objective.info import ACCURACY
from bnao.report.drawing_file import architecture_svg
from bnao.spaces import load_spaces
from bnao.spaces.base import SearchSpace, make_space
from bnao.spaces.config import NetworkConfig, SpaceConfig
from bnao.storage import RunFolder
from bnao.task import Task


@dataclass(frozen=True, kw_only=True)
class _Built:
    """What the weights' file says of itself: these fields of a Description."""

    space: SpaceConfig
    network: NetworkConfig
    task: Task | None
    mean: tuple[float, ...] | None
    std: tuple[float, ...] | None
    central_share: float
    bnao_version: str


def export(run: str | Path | Searched, out: str | Path, *, onnx: bool = True) -> Description:
    """Write the delivered network of the finished ``run`` to the new or empty folder ``out``, for use elsewhere.

    ``run`` is its folder, a :class:`bnao.Training`, or a :class:`bnao.Result`, which knows the model and the data that
    were given in Python.

    ``model.safetensors`` (weights), ``architecture.json`` (the description that is returned), ``model.py`` (source
    that needs torch alone; ``model.pt2`` where no source is known), ``architecture.svg``, and with ``onnx`` the file
    ``model.onnx``, compared with torch by onnxruntime (docs/export.md). The folder appears whole or not at all.
    :func:`~bnao.delivery.predict.predict` reads it.

    Raises BnaoError before anything is written: for a run that has not finished, or whose model only Python knows, a
    folder that is taken, packages that are missing, a network whose weights or answers are not finite.

    Example: ``export("runs/demo", "demo-network").metric_value``
    """
    path, bench = located(run)
    folder, target = RunFolder.open(path), Path(out)
    check_export(target, onnx=onnx)
    description = describe_delivered(folder)
    space = _space(folder, description) if bench is None else bench.space
    module = build_network(
        description, space, folder.read_weights(delivered_file(folder))[0], folder.path / delivered_file(folder)
    )
    title = f"{space.name} {description.id}: {description.num_params:,} parameters"
    drawn = architecture_svg(space, space.grammar.parse(description.architecture), title)
    inputs = None if bench is None or description.mean is not None else some_examples(bench.data.train)
    texts = {"architecture.svg": drawn}
    return write_export(module, description, target, onnx=onnx, texts=texts, inputs=inputs, where=folder.path)


def delivered_file(run: RunFolder) -> str:
    """The file of the run's state that holds the delivered weights."""
    return NETWORK if run.manifest.kind == "training" else WINNER


def _space(run: RunFolder, description: Description) -> SearchSpace:
    """The run's space; what is in it of the user's own comes from the plugins of its settings."""
    load_spaces()
    training = run.manifest.kind == "training"
    build = load_plugins(trusted_config(run).plugins if training else run_config(run).plugins)
    if description.mean is not None and description.space.name != OWN:
        return make_space(description.space)
    if build is None or description.task is None or description.mean is None:
        raise RunError(
            f"an export needs the model and the data of the search; {str(run.path)!r} was given some of it in Python: "
            f"export from there, bnao.export(bnao.resume({str(run.path)!r}, ...), 'OUT'), with the same given "
            "to resume"
        )
    from bnao.spaces.own import OwnSpace

    return OwnSpace(build, torch.zeros(2, description.task.in_channels, *description.task.image_size))


def describe_delivered(run: RunFolder) -> Description:
    """The network that ``run`` delivers: how it is built, how its inputs are prepared, how good it is.

    Raises RunError if the run has not finished, or is damaged.
    """
    if run.status != "finished":
        raise RunError(
            f"what is exported is the network of a finished run; {str(run.path)!r} is {run.status}: finish it by "
            f"`bnao resume {run.path}`"
        )
    result = None if run.manifest.kind == "training" else read_result(run)
    name = delivered_file(run)
    stored = read_delivered(run.read_weights(name)[1], run.path / name)
    scale = stored.normalisation
    built = _Built(
        space=stored.space,
        network=stored.network,
        task=stored.task,
        mean=None if scale is None else scale.mean,
        std=None if scale is None else scale.std,
        central_share=stored.central_share,
        bnao_version=__version__,
    )
    if result is None:
        trained = read_training(run)
        return Description(
            **vars(built),
            architecture=trained.architecture,
            id=trained.id,
            num_params=trained.num_params,
            macs=trained.macs,
            metric=ACCURACY.name,
            metric_value=trained.test_accuracy,
            metric_is_share=True,
            standard_error=trained.standard_error,
            measured_on=trained.measured_on,
            loss="cross_entropy",
            mode="train",
            recipe=trained.recipe,
            seed=trained.seed,
        )
    winner = result.winner
    return Description(
        **vars(built),
        architecture=winner.architecture,
        id=winner.id,
        num_params=winner.num_params,
        macs=winner.macs,
        metric=result.metric.name,
        metric_value=winner.test_metric,
        metric_is_share=result.metric.is_share,
        standard_error=winner.test_standard_error,
        measured_on=winner.measured_on,
        loss=run_config(run).objective.loss,
        mode=winner.mode,
        recipe=result.recipe,
        seed=result.seed,
    )
