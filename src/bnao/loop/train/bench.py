"""What a training works with, derived once from its settings: data, network, sizes, device."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace

import torch

from bnao.arch import Architecture
from bnao.cost.sizes import SizeTable
from bnao.data.catalog import same_source
from bnao.data.held_out import OWN_TEST_SET
from bnao.data.pictures import Pictures
from bnao.data.search_data import TestData
from bnao.data.whole import whole
from bnao.data.words import examples_word
from bnao.errors import RunError, SettingError, require
from bnao.loop.inputs import INPUTS, Inputs, read_inputs
from bnao.loop.machine import machine
from bnao.loop.plugins import load_plugins, plugins_digest, trust_named
from bnao.loop.stages import StageLog
from bnao.loop.team.team import Team
from bnao.loop.train.arch import choose_architecture, trusted_config
from bnao.loop.train.config import TrainConfig
from bnao.loop.train.width import Width, widest
from bnao.loop.unread import unread_in_training, unread_of_source
from bnao.loop.workbench import num_threads_of
from bnao.spaces import load_spaces
from bnao.spaces.base import SearchSpace, Skeleton, make_space
from bnao.spaces.config import NetworkConfig
from bnao.storage import RunFolder, from_dict
from bnao.storage.manifest import FILE_NAME
from bnao.task import Task
from bnao.training.compiled import require_compiler
from bnao.training.device import resolve_device, threads, with_precision


@dataclass(frozen=True, kw_only=True)
class Origin:
    """What the settings of a run do not say any more: where its architecture and its width come from, in words.

    ``searched_on``: the data source of the search that chose the architecture. ``seen``: what is to be said of the
    images that are measured, where some of them helped to choose it.
    """

    architecture: str
    width: str = ""
    searched_on: str = ""
    seen: str = ""


SEEN = "some of them helped to choose the architecture"


def read_origin(run: RunFolder) -> Origin:
    """What the run was begun with. Raises RunError where its manifest does not say it."""
    return from_dict(Origin, run.manifest.note, source=f"the note in {str(run.path / FILE_NAME)!r}")


@dataclass(frozen=True, kw_only=True)
class TrainBench:
    """``config`` names the architecture by its tokens, and the width that is built."""

    config: TrainConfig
    origin: Origin
    device: torch.device
    train: Pictures
    test: TestData
    task: Task
    space: SearchSpace
    architecture: Architecture
    skeleton: Skeleton
    sizes: SizeTable
    team: Team = field(default_factory=Team)  # the processes that share the training


def prepare_training(config: TrainConfig, log: StageLog) -> TrainBench:
    """Follow ``config.architecture``, load the data, lay the network out, choose its width. Writes nothing.

    Raises BnaoError where something does not fit.
    """
    chosen = choose_architecture(config)
    trust_named(chosen.config.plugins, log.warn)
    origin = Origin(architecture=chosen.origin, searched_on=chosen.searched_on)
    bench = _bench(chosen.config, origin, log, choose_width=True)
    own_test_set, source = bench.test.measured == OWN_TEST_SET, bench.config.data.source
    if origin.searched_on and not own_test_set and same_source(origin.searched_on, source):
        bench = replace(bench, origin=replace(bench.origin, seen=SEEN))
        log.warn(
            f"{source} has no test set, and the search that chose the architecture saw some of the "
            "images that are set aside here to measure on: figures may be too good; give the data a test set"
        )
    for text in [chosen.changed] * bool(chosen.changed) + _unread(bench):
        log.warn(text)
    return bench


def _unread(bench: TrainBench) -> list[str]:
    """One sentence for each setting that was changed and has no effect."""
    config, texts = bench.config, unread_in_training(bench.config)
    if not bench.space.has_output_forms and config.network.output != NetworkConfig().output:
        texts.append(f"network.output is not used because networks of the space {config.space.name} have one form")
    return texts + unread_of_source(config.data, sets_aside=bench.test.measured != OWN_TEST_SET)


def measured_on(test: TestData, config: TrainConfig, origin: Origin) -> str:
    """Which images a training is measured on, and how many, in words."""
    words = f"{len(test.images):,} {examples_word(config.data.source)}, {test.measured}"
    return f"{words}; {origin.seen}" if origin.seen else words


def prepare_again(run: RunFolder, log: StageLog) -> TrainBench:
    """The bench of a training that was begun. Raises BnaoError, RunError where its inputs have changed."""
    config, before = trusted_config(run), read_inputs(run)
    load_plugins(config.plugins)
    load_spaces()
    if before is not None:
        config = replace(config, threads=before.threads, device="cuda" if before.device.startswith("cuda") else "cpu")
    return _bench(config, read_origin(run), log, choose_width=False)


def prepare_following(config: TrainConfig, log: StageLog) -> TrainBench:
    """A follower's bench: rank 0 has chosen the architecture and the width. Raises BnaoError."""
    load_plugins(config.plugins)
    load_spaces()
    return _bench(config, Origin(architecture="chosen by rank 0"), log, choose_width=False)


def _bench(config: TrainConfig, origin: Origin, log: StageLog, *, choose_width: bool) -> TrainBench:
    device = resolve_device(config.device)
    if config.training.compile != "off":
        require_compiler(device.type)
    asked, config = config.training.precision, replace(config, training=with_precision(config.training, device))
    if asked == "auto":
        log.listener.event("planned", text=f"training.precision auto: {config.training.precision} on {device.type}")
    with threads(num_threads_of(config.threads)), log.stage("data", "data and network", None, "images"):
        data = whole(config.data, config.seed)
        space = make_space(config.space)
        architecture = space.grammar.parse(config.architecture)
        skeleton = _skeleton(space, config, data.task)
        if config.max_macs is not None and choose_width:
            found: Width = widest(space, config.network, data.task, architecture, config.max_macs)
            config = replace(config, network=replace(config.network, channels=found.channels))
            origin = replace(origin, width=found.text)
            skeleton = _skeleton(space, config, data.task)
        require(
            config.training.batch_size <= len(data.train),
            f"training.batch_size is at most the number of training images, {len(data.train)}",
            config.training.batch_size,
            "lower it or use more images",
        )
        data.train.augmented(config.training.augment)  # refuses what it cannot do
        return TrainBench(
            config=config,
            origin=origin,
            device=device,
            train=data.train.to(device),
            test=data.test.to(device),
            task=data.task,
            space=space,
            architecture=architecture,
            skeleton=skeleton,
            sizes=SizeTable(skeleton),
        )


def _skeleton(space: SearchSpace, config: TrainConfig, task: Task) -> Skeleton:
    try:
        return space.skeleton(config.network, task)
    except SettingError as error:
        raise SettingError(f"network: {error}") from error


def training_inputs(bench: TrainBench) -> Inputs:
    """The inputs as they are found now. Raises BnaoError where a picture or a plugin cannot be read."""
    digest = hashlib.sha256()
    for examples in (bench.train, bench.test.images):
        digest.update(examples.fingerprint().encode())
    return Inputs(
        threads=num_threads_of(bench.config.threads),
        device=str(bench.device),
        data=digest.hexdigest(),
        plugins=plugins_digest(bench.config.plugins),
        processes=bench.team.own,
        parts=bench.team.parts,
        machine=machine(bench.device),
    )


def check_training_inputs(bench: TrainBench, run: RunFolder) -> None:
    """Remember the inputs of a new training; raise RunError where those of a resumed one have changed."""
    now, before = training_inputs(bench), read_inputs(run)
    if before is None:
        with run.commit() as commit:
            commit.write_json(INPUTS, now)
    elif before.plugins != now.plugins:
        raise RunError(
            f"a training is resumed with the plugins it was begun with; {', '.join(bench.config.plugins)} changed: "
            "restore the files, or train anew"
        )
    elif before.data != now.data:
        raise RunError(
            f"a training is resumed on the data it was begun with; {bench.config.data.source!r} now gives other images "
            "or labels: restore the data, or train anew"
        )
