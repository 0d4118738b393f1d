"""Which architecture is trained: what ``--arch`` names, as tokens of a space."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path

from bnao.errors import ArchitectureError, RunError, SettingError, nearest, require
from bnao.loop.given import OWN
from bnao.loop.inputs import run_config
from bnao.loop.plugins import load_plugins, require_trusted
from bnao.loop.result import read_result
from bnao.loop.train.config import TrainConfig
from bnao.loop.train.result import read_training
from bnao.settings import in_words
from bnao.spaces import load_spaces
from bnao.spaces.base import make_space
from bnao.spaces.config import NetworkConfig, SpaceConfig
from bnao.spaces.unread import changed, joined
from bnao.storage import RunFolder, from_dict

PUBLISHED = "published"
_A_NAME = re.compile(r"[\w.~-]*[A-Za-z/][\w./~-]*")
"""What reads like a word or a path, and is no list of numbers."""


@dataclass(frozen=True)
class Chosen:
    """The settings with the architecture as tokens of their space, and where it comes from, in words.

    ``changed`` says which settings the run's space does not read, and were put back to their defaults; empty for none.
    ``searched_on`` is the data source of the search that chose the architecture; empty where none is known.
    """

    config: TrainConfig
    origin: str
    changed: str = ""
    searched_on: str = ""


def choose_architecture(config: TrainConfig) -> Chosen:
    """Follow ``config.architecture``. Raises BnaoError where it names nothing that can be trained."""
    text = config.architecture.strip()
    load_plugins(config.plugins)
    load_spaces()
    if text == PUBLISHED:
        return Chosen(_parsed(config, _published(config.space)), "the published one")
    if _exists(text):
        return _of_run(config, Path(text))
    return Chosen(_parsed(config, text), "given as tokens")


def _exists(text: str) -> bool:
    try:
        return Path(text).exists()
    except (OSError, ValueError):  # too long for a path, as tokens are
        return False


def _published(space: SpaceConfig) -> str:
    from bnao.spaces.nao_cell import PUBLISHED as TOKENS

    wanted = SpaceConfig()
    require(
        (space.name, space.operations, space.nodes) == (wanted.name, wanted.operations, wanted.nodes),
        "the published architecture belongs to the space nao_cell with operations small, 5 nodes",
        f"{space.name} with {space.operations}, {space.nodes} nodes",
        "leave space.* as they are, or give the tokens",
    )
    return TOKENS


def _parsed(config: TrainConfig, text: str) -> TrainConfig:
    """The architecture in its canonical form."""
    require(
        config.space.name != OWN,
        "an architecture of a model of your own is trained by its search (final.epochs); bnao train takes other spaces",
        OWN,
        "choose another space",
    )
    grammar = make_space(config.space).grammar
    try:
        architecture = grammar.parse(text)
    except ArchitectureError as error:
        if _A_NAME.fullmatch(text) is None:
            raise
        hint = ": did you mean 'published'?" if nearest(text, [PUBLISHED]) else ""
        raise ArchitectureError(
            f"an architecture is a finished run's folder, the word `published`, or tokens in quotes; received "
            f"{text!r}, which is none of them{hint or ': check the path'}"
        ) from error
    return replace(config, architecture=str(grammar.canonical(architecture)))


def _of_run(config: TrainConfig, path: Path) -> Chosen:
    run = RunFolder.open(path)
    if run.status != "finished":
        raise RunError(
            f"the architecture of a finished run is trained; {str(path)!r} is not finished: go on with it by "
            f"`bnao resume {path}` first, or give an architecture of its pool as tokens (`bnao pool {path}`)"
        )
    before = trusted_config(run) if run.manifest.kind == "training" else run_config(run)
    space, plugins = before.space, before.plugins
    if space.name == OWN:
        raise SettingError(
            f"bnao train takes architectures of built-in spaces; {str(path)!r} searched a model of your own: search "
            "again with a longer final.training, or train result.best.module yourself"
        )
    if isinstance(before, TrainConfig):
        tokens, searched_on = read_training(run).architecture, str(run.manifest.note.get("searched_on", ""))
    else:
        tokens, searched_on = read_result(run).winner.architecture, before.data.source
    require(
        config.space in (SpaceConfig(), space),
        f"the space is that of the run, {str(path)!r}",
        f"space.name {config.space.name} and other space.* settings that differ from it",
        "leave space.* out",
    )
    config = replace(config, space=space, plugins=config.plugins or plugins)
    load_plugins(config.plugins)
    network, text = _readable(config)
    return Chosen(_parsed(replace(config, network=network), tokens), f"of the run {path}", text, searched_on)


def _readable(config: TrainConfig) -> tuple[NetworkConfig, str]:
    """The network without what its space has no use for, and a sentence on what was put back, or nothing."""
    usual = NetworkConfig()
    names = changed(config.network, make_space(config.space).unread_network)
    network = replace(config.network, **{name: getattr(usual, name) for name in names})
    if not names:
        return network, ""
    received = joined([in_words(getattr(config.network, name)) for name in names])
    back = joined([in_words(getattr(usual, name)) for name in names])
    to = f"it is put back to its default, {back}" if len(names) == 1 else f"they are put back to their defaults, {back}"
    dotted = joined([f"network.{name}" for name in names])
    return network, f"the space of the run, {config.space.name}, does not read {dotted}; received {received}: {to}"


def training_config(run: RunFolder) -> TrainConfig:
    """The settings of a training, to be read. Raises RunError."""
    return from_dict(TrainConfig, run.manifest.config, source=f"{run.path}/manifest.json")


def trusted_config(run: RunFolder) -> TrainConfig:
    """The same, to be worked with. Raises RunError where it names plugins that nobody on this machine has named."""
    config = training_config(run)
    require_trusted(config.plugins, run.path)
    return config
