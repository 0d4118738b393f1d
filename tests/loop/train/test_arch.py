"""What ``--arch`` may name."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from tests.loop.conftest import MICRO as SEARCH
from tests.loop.train.conftest import MICRO

from bnao.errors import ArchitectureError, RunError, SettingError
from bnao.loop.train.arch import choose_architecture
from bnao.spaces.config import SpaceConfig
from bnao.spaces.nao_cell import PUBLISHED
from bnao.storage import RunFolder


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
    assert str(result.path) in found.origin


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
