"""What ``--arch`` may name."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from tests.loop.conftest import MICRO as SEARCH
from tests.loop.conftest import Recorder
from tests.loop.train.conftest import MICRO

import bnao
from bnao import api
from bnao.errors import ArchitectureError, RunError, SettingError
from bnao.loop.train.arch import choose_architecture
from bnao.recipes import load_train_recipe
from bnao.settings import update
from bnao.spaces.config import NetworkConfig, SpaceConfig
from bnao.spaces.nao_cell import PUBLISHED
from bnao.storage import RunFolder

CHAIN, LAYERS = SpaceConfig(name="mobile", depths="2,2,1"), "1 1 | 1 1 | 1"


def test_the_published_one_and_tokens() -> None:
    published = choose_architecture(replace(MICRO, architecture=" published "))
    assert choose_architecture(replace(MICRO, architecture=PUBLISHED)).config == published.config
    assert published.origin == "the published one"


def test_swapped_inputs_are_one_architecture() -> None:
    normal, reduction = PUBLISHED.split(" | ")
    a, b, *rest = normal.split()[:2], normal.split()[2:4], normal.split()[4:]
    swapped = " ".join([*b, *a, *rest[0]])
    found = choose_architecture(replace(MICRO, architecture=f"{swapped} | {reduction}")).config
    assert found == choose_architecture(MICRO).config


def test_a_finished_search_gives_its_winner_and_its_space(micro) -> None:
    result = micro[0]
    found = choose_architecture(replace(MICRO, architecture=str(result.path)))
    assert found.config.architecture == result.summary.winner.architecture
    assert found.config.space == SEARCH.space
    assert str(result.path) in found.origin and found.searched_on == SEARCH.data.source


def test_a_finished_training_gives_its_own(trained) -> None:
    found = choose_architecture(replace(MICRO, architecture=str(trained[0].path)))
    assert found.config.architecture == trained[0].summary.architecture


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("runs/nothing", "received 'runs/nothing'.*check the path"),
        ("publishd", "did you mean 'published'"),
        ("0 0 1 1", "received"),
        ("0 9 1 1 | 0 0 0 0", "received"),
    ],
)
def test_what_names_nothing_is_refused(text: str, words: str) -> None:
    with pytest.raises(ArchitectureError, match=words):
        choose_architecture(replace(MICRO, architecture=text))


def test_runs_that_cannot_be_trained_are_refused(micro, tmp_path: Path) -> None:
    RunFolder.create(tmp_path / "begun", config=SEARCH, recipe="micro").close()
    with pytest.raises(RunError, match="not finished: go on with it by `bnao resume"):
        choose_architecture(replace(MICRO, architecture=str(tmp_path / "begun")))
    other = replace(MICRO, architecture=str(micro[0].path), space=SpaceConfig(nodes=3))
    with pytest.raises(SettingError, match="the space is that of the run"):
        choose_architecture(other)
    with pytest.raises(SettingError, match="the published architecture belongs to the space nao_cell"):
        choose_architecture(replace(MICRO, space=SpaceConfig(nodes=3)))


@pytest.fixture(scope="module")
def mobile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished training of a chain of layers."""
    config = replace(MICRO, space=CHAIN, network=NetworkConfig(channels=8), architecture=LAYERS)
    return bnao.train(
        config, out=tmp_path_factory.mktemp("mobile") / "run", settings={"training.epochs": 1 / 3}
    ).path  # fmt: skip


def test_what_the_run_s_space_does_not_read_is_put_back_and_told(mobile: Path) -> None:
    recipe, heard = load_train_recipe("cifar10-final-small"), Recorder()
    found = choose_architecture(replace(recipe, architecture=str(mobile)))
    assert (found.config.space, found.config.architecture) == (CHAIN, LAYERS)
    assert found.config.network == replace(recipe.network, cells_per_stage=3, auxiliary=False)
    assert found.changed == (
        "the space of the run, mobile, does not read network.cells_per_stage and network.auxiliary; received 1 and "
        "true: they are put back to their defaults, 3 and false"
    )
    settings = {"architecture": str(mobile), "data": {"max_train_images": 100}, "max_macs": 3_000_000, "threads": 1}
    api.dry_train(update(recipe, settings), listener=heard)
    assert [e["text"] for e in heard.of("warning")] == [found.changed]
    assert choose_architecture(replace(MICRO, architecture=str(mobile))).changed.endswith("default, 3")


@pytest.mark.parametrize("limit", [None, 3_000_000])
def test_for_tokens_one_message_names_all_that_the_space_does_not_read(limit: int | None) -> None:
    config = replace(
        load_train_recipe("cifar10-final-small"), space=CHAIN, architecture=LAYERS, max_macs=limit, threads=1
    )
    words = (
        "network: the space 'mobile' does not read cells_per_stage and auxiliary; received cells_per_stage = 1, "
        "auxiliary = true: set them to their defaults, 3 and false, or choose another space"
    )
    with pytest.raises(SettingError, match=re.escape(words)):
        api.dry_train(config)
    bench = update(config, {"space": {"name": "nasbench201"}, "architecture": "1 | 1 1 | 1 1 1"})
    bench = update(bench, {"space": {"depths": "4,4,4"}, "network": {"stem": "imagenet"}})
    with pytest.raises(SettingError, match=r"does not read auxiliary and stem; received .* defaults, false and auto,"):
        api.dry_train(bench)
