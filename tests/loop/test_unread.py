"""Settings that have no effect are named."""

from __future__ import annotations

import ast
import subprocess
import sys
from dataclasses import fields, replace
from pathlib import Path

import pytest

import bnao
from bnao.controller.config import ControllerConfig
from bnao.cost.limits import Limits
from bnao.evaluation.config import ScoringConfig
from bnao.loop.config import FinalConfig, LoopConfig, RerankConfig, SearchConfig, SupernetConfig
from bnao.loop.unread import EVOLUTION, NAO, unread_settings
from bnao.recipes import load_recipe, recipe_names
from bnao.spaces.config import NetworkConfig
from bnao.training.config import TrainingConfig

ROOT = Path(bnao.__file__).parent
HEAD = NetworkConfig(auxiliary=True)
PLAIN = NetworkConfig()
RATE, DECAY = {"schedule": "exponential", "final_learning_rate": 0.01}, {"decay": 0.5}


@pytest.mark.parametrize("name", recipe_names())
def test_recipes_set_nothing_that_is_not_read(name):
    assert unread_settings(load_recipe(name)) == []


def test_defaults_and_modes_alone_say_nothing():
    assert unread_settings(SearchConfig()) == []
    for mode in ("retrain", "fine_tune", "inherit", "rerank"):
        assert unread_settings(SearchConfig(final=FinalConfig(mode=mode))) == []
    for proposer in ("nao", "random", "evolution", "one of your own"):
        assert unread_settings(SearchConfig(controller=ControllerConfig(proposer=proposer))) == []
    for section in (SupernetConfig, RerankConfig, FinalConfig):
        falling = section(training=TrainingConfig(schedule="exponential", decay=0.5))
        assert unread_settings(SearchConfig(**{section.__name__.removesuffix("Config").lower(): falling})) == []


@pytest.mark.parametrize(
    ("sections", "texts"),
    [
        (
            {"final": FinalConfig(mode="rerank", network=PLAIN, training=TrainingConfig(inactive="moving"))},
            ["final.network is not used with final.mode rerank", "final.training is not used with final.mode rerank"],
        ),
        (
            {"final": FinalConfig(mode="fine_tune", network=HEAD, training=TrainingConfig(auxiliary_weight=0.1))},
            [
                "final.network is not used with final.mode fine_tune: the winner has the supernet's network",
                "final.training.auxiliary_weight is not used because supernet.network has no auxiliary head",
            ],
        ),
        (
            {"scoring": ScoringConfig(recalibration_batches=9)},
            ["scoring.recalibration_batches is not used with scoring.statistics batch"],
        ),
        ({"scoring": ScoringConfig(recalibration_batches=9, statistics="recalibrated")}, []),
        (
            {"scoring": ScoringConfig(adapt_batch_size=9)},
            ["scoring.adapt_batch_size is not used with scoring.adapt_steps 0"],
        ),
        ({"scoring": ScoringConfig(adapt_batch_size=9, adapt_steps=3)}, []),
        (
            {"supernet": SupernetConfig(training=TrainingConfig(**RATE))},
            ["supernet.training.final_learning_rate is not used with supernet.training.schedule exponential"],
        ),
        (
            {"rerank": RerankConfig(training=TrainingConfig(**DECAY))},
            ["rerank.training.decay is not used with rerank.training.schedule cosine"],
        ),
        (
            {"final": FinalConfig(training=TrainingConfig(**DECAY))},
            ["final.training.decay is not used with final.training.schedule cosine"],
        ),
        (
            {"supernet": SupernetConfig(training=TrainingConfig(auxiliary_weight=0.1))},
            ["supernet.training.auxiliary_weight is not used because supernet.network has no auxiliary head"],
        ),
        ({"rerank": RerankConfig(network=HEAD, training=TrainingConfig(auxiliary_weight=0.1))}, []),
        (
            {"rerank": RerankConfig(network=PLAIN, training=TrainingConfig(auxiliary_weight=0.1))},
            ["rerank.training.auxiliary_weight is not used because rerank.network has no auxiliary head"],
        ),
        ({"supernet": SupernetConfig(training=TrainingConfig(inactive="moving"))}, []),
        (
            {"rerank": RerankConfig(training=TrainingConfig(inactive="moving"))},
            ["rerank.training.inactive is not used because a network trained alone has no weights off the path"],
        ),
        (
            {"controller": ControllerConfig(proposer="random", hidden=8, epochs=3, tournament=2)},
            [
                "controller.hidden, controller.epochs and controller.tournament are not used with "
                "controller.proposer random"
            ],
        ),
        (
            {"controller": ControllerConfig(proposer="evolution", hidden=8, tournament=2)},
            ["controller.hidden is not used with controller.proposer evolution"],
        ),
        (
            {"controller": ControllerConfig(hidden=8, population=7, tournament=2)},
            ["controller.population and controller.tournament are not used with controller.proposer nao"],
        ),
        (
            {"controller": ControllerConfig(early_stop=False, patience=3)},
            ["controller.patience is not used with controller.early_stop false"],
        ),
        ({"controller": ControllerConfig(proposer="one of your own", hidden=8, population=7)}, []),
        ({"rerank": RerankConfig(finalist_factor=2.0)}, ["rerank.finalist_factor is not used with rerank.finalists 0"]),
        ({"rerank": RerankConfig(finalist_factor=2.0, finalists=1)}, []),
        (
            {"loop": LoopConfig(rounds=1, proposals=5), "controller": ControllerConfig(hidden=8)},
            ["loop.proposals is not used with loop.rounds 1", "controller.hidden is not used with loop.rounds 1"],
        ),
    ],
)
def test_what_is_not_read_is_named(sections, texts):
    assert unread_settings(replace(SearchConfig(), **sections)) == texts


def _reads(paths):
    """Fields of the controller's settings that the code of ``paths`` mentions."""
    nodes = [node for path in paths for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))]
    return {
        node.attr for node in nodes if isinstance(node, ast.Attribute) and ast.unparse(node.value).endswith("config")
    }


def test_the_lists_of_controller_fields_are_what_the_proposers_read():
    controller = ROOT / "controller"
    assert {"proposer", *NAO, *EVOLUTION} == {field.name for field in fields(ControllerConfig)}
    assert _reads((controller / "nao").glob("*.py")) == set(NAO)
    assert _reads([controller / "evolution.py"]) == set(EVOLUTION)
    assert _reads([controller / "random_search.py"]) == set()


def test_needs_no_torch():
    code = "import sys, bnao.loop.unread; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], timeout=60).returncode == 0


def test_a_batch_of_latencies_needs_a_limit_on_latency():
    assert unread_settings(SearchConfig(limits=Limits(latency_batch=8))) == [
        "limits.latency_batch is not used without max_latency_ms"
    ]
    assert unread_settings(SearchConfig(limits=Limits(latency_batch=8, max_latency_ms=1.0))) == []
