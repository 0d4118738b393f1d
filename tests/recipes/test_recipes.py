from __future__ import annotations

from pathlib import Path

import pytest

import bnao.recipes
from bnao.errors import SettingError
from bnao.loop.config import SearchConfig
from bnao.recipes import describe_recipe, load_recipe, recipe_names
from bnao.settings import flatten, leaves, load_toml, to_dict

FOLDER = Path(bnao.recipes.__file__).parent


@pytest.mark.parametrize("name", recipe_names())
def test_loads_and_describes_itself(name: str) -> None:
    load_recipe(name)
    assert 10 < len(describe_recipe(name)) <= 100


def test_unknown_recipe() -> None:
    with pytest.raises(SettingError, match="did you mean 'demo'"):
        load_recipe("dmeo")
    with pytest.raises(SettingError):
        load_recipe("../recipes/demo")


def test_the_paper_s_search_is_the_default_but_for_named_differences() -> None:
    paper, default = flatten(to_dict(load_recipe("cifar10-search"))), flatten(to_dict(SearchConfig()))
    assert {name: value for name, value in paper.items() if value != default[name]} == {
        "data.source": "cifar10",
        "controller.early_stop": False,  # the paper's fixed number of epochs on the whole pool, scores not clipped
        "controller.batch_size": 100,  # and its steps
        "controller.learning_rate": 0.001,
        "controller.augment": 10,
        "controller.held_out_fraction": 0.0,
        "controller.clip_quantile": 0.0,
        "controller.judge": "none",  # proposals in the paper's order
        "final.training.augment.cutout": 16,
    }


def test_the_paper_s_search_writes_every_field_out() -> None:
    assert list(flatten(load_toml(FOLDER / "cifar10-search.toml"))) == list(leaves(SearchConfig()))


def test_small_images_have_no_auxiliary_head() -> None:
    demo = load_recipe("demo")
    assert demo.data.resolution is not None and demo.data.resolution < 32
    assert not demo.rerank.network.auxiliary and not demo.final.network.auxiliary
