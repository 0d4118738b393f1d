"""Settings that have no effect are named."""

from __future__ import annotations

import ast
import subprocess
import sys
from dataclasses import fields, replace
from pathlib import Path

import pytest
from tests.loop.conftest import MICRO as SEARCHED
from tests.loop.conftest import Recorder
from tests.loop.train.conftest import MICRO as TRAINED

import bnao
from bnao import api
from bnao.controller.config import ControllerConfig
from bnao.cost.limits import Limits
from bnao.data.config import DataConfig
from bnao.evaluation.config import ScoringConfig
from bnao.loop.config import FinalConfig, LoopConfig, RerankConfig, SearchConfig, SupernetConfig
from bnao.loop.train.config import TrainConfig
from bnao.loop.unread import EVOLUTION, NAO, unread_in_training, unread_of_source, unread_settings
from bnao.recipes import load_recipe, load_train_recipe, recipe_names, train_recipe_names, usual_settings
from bnao.settings import update
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
        ({"scoring": ScoringConfig(recalibration_batches=9), "final": FinalConfig(mode="inherit")}, []),
        (
            {
                "scoring": ScoringConfig(
                    score="learning", adapt_steps=3, batch_size=9, images=20, recalibration_batches=9
                )
            },
            [
                "scoring.batch_size, scoring.images and scoring.recalibration_batches are not used with scoring.score "
                "learning, which looks at training examples alone"
            ],
        ),
        (
            {"scoring": ScoringConfig(adapt_steps=3, adapt_from=1)},
            ["scoring.adapt_from is not used with scoring.score loss"],
        ),
        ({"loop": LoopConfig(rounds=1, known="known.csv"), "controller": ControllerConfig(epochs=50)}, []),
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
            {"supernet": SupernetConfig(training=TrainingConfig(optimizer="adamw", momentum=0.5))},
            ["supernet.training.momentum is not used with supernet.training.optimizer adamw"],
        ),
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


@pytest.mark.parametrize("name", train_recipe_names())
def test_recipes_of_trainings_set_nothing_that_is_not_read(name):
    config = load_train_recipe(name)
    assert unread_in_training(config) + unread_of_source(config.data, sets_aside=False) == []
    assert unread_in_training(TrainConfig()) == []


@pytest.mark.parametrize(
    ("training", "text"),
    [
        (RATE, "training.final_learning_rate is not used with training.schedule exponential"),
        (DECAY, "training.decay is not used with training.schedule cosine"),
        ({"inactive": "moving"}, "training.inactive is not used because a network trained alone has no weights off"),
        ({"auxiliary_weight": 0.1}, "training.auxiliary_weight is not used because network has no auxiliary head"),
        ({"optimizer": "adamw", "momentum": 0.5}, "training.momentum is not used with training.optimizer adamw"),
    ],
)
def test_what_a_training_does_not_read_is_named(training, text):
    config = TrainConfig(network=PLAIN, training=TrainingConfig(**training))
    assert [found[: len(text)] for found in unread_in_training(config)] == [text]


def test_what_a_source_does_not_read_is_named(tmp_path):
    (tmp_path / "photos").mkdir()
    workers, download = DataConfig(workers=1), DataConfig(download=True)
    assert unread_of_source(workers) == ["data.workers is not used with data of kind sample"]
    assert unread_of_source(replace(workers, source="stream")) == []
    assert unread_of_source(download) == ["data.download is not used with data of kind sample"]
    assert unread_of_source(replace(download, source="cifar10")) == []
    there = f"cifar10:{tmp_path / 'photos'}"
    assert unread_of_source(replace(download, source=there)) == [
        f"data.download is not used because {there} names files that are there"
    ]


def test_a_training_says_what_it_does_not_read(tmp_path):
    """It and its dry run; a width that a limit sets takes the place of the settings' own."""
    changes = {"workers": 2, "valid_fraction": 0.2}
    config = update(TRAINED, {"data": changes, "training": DECAY, "max_macs": 2_000_000})
    dry = Recorder()
    tried = api.dry_train(config, listener=dry)
    summary = bnao.train(config, out=tmp_path / "run").summary
    assert [e["text"] for e in dry.of("warning")] == summary.warnings
    names = [text.split()[0] for text in summary.warnings]
    assert names == ["training.decay", "data.workers", "data.valid_fraction"]
    assert f"channels {summary.channels} in place of 4: " in summary.width == dict(tried.facts)["width"]


def test_a_search_says_it_in_its_dry_run_too():
    dry = Recorder()
    api.dry_search(update(SEARCHED, {"data": {"workers": 2}, "scoring": {"recalibration_batches": 9}}), listener=dry)
    assert [e["text"].split()[0] for e in dry.of("warning")] == ["scoring.recalibration_batches", "data.workers"]


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


@pytest.mark.parametrize("name", recipe_names())
def test_what_a_recipe_chose_is_no_mistake_of_who_shortens_it(name):
    shorter = update(load_recipe(name), {"loop": {"rounds": 1}, "seed": 4})
    assert unread_settings(shorter, usual_settings(shorter)) == []
    chosen = update(shorter, {"controller": {"hidden": 7}, "loop": {"proposals": 11}})
    assert unread_settings(chosen, usual_settings(chosen)) == [
        "loop.proposals is not used with loop.rounds 1",
        "controller.hidden is not used with loop.rounds 1",
    ]


def test_a_pick_does_not_repeat_what_its_source_was_told():
    """Nobody can change these settings there."""
    changes = {"supernet": {"source": "runs/a"}, "loop": {"rounds": 1, "proposals": 9}, "limits": {"latency_batch": 8}}
    config = update(SEARCHED, changes)
    assert len(unread_settings(config)) == 3 and unread_settings(config, usual_settings(config)) == []


def test_an_early_check_larger_than_the_pool_is_named() -> None:
    config = update(SEARCHED, {"check": {"architectures": 50}})
    [text] = unread_settings(config)
    assert text == "check.architectures is not used with check.when auto and a pool of 8: there is no early check"
