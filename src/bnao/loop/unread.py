"""Settings that were changed and that the chosen modes do not read (imports no torch)."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

from bnao.controller.config import ControllerConfig
from bnao.cost.limits import Limits
from bnao.data.catalog import unread_fields
from bnao.data.config import DataConfig
from bnao.evaluation.config import ScoringConfig
from bnao.loop.config import CheckConfig, FinalConfig, LoopConfig, RerankConfig, SearchConfig, SupernetConfig
from bnao.loop.train.config import TrainConfig
from bnao.spaces.config import NetworkConfig
from bnao.spaces.unread import joined
from bnao.training.config import TrainingConfig

EVOLUTION = ("population", "tournament")
NAO = tuple(f.name for f in fields(ControllerConfig) if f.name not in ("proposer", *EVOLUTION))
OF_VALIDATION = ("images", "batch_size", "statistics", "recalibration_batches")
"""Fields of ScoringConfig about the validation examples, or the statistics that networks meet them with."""
NOT_READ_BY = {"nao": EVOLUTION, "evolution": NAO, "random": NAO + EVOLUTION}
"""Fields of ControllerConfig that a proposer does not read; of a registered one of your own nothing is known."""


@dataclass(frozen=True)
class _Training:
    """A training of the search by its dotted name, with the network that it trains by its own."""

    name: str
    config: TrainingConfig
    default: TrainingConfig
    network_name: str
    network: NetworkConfig

    def changed(self, field: str) -> bool:
        """Whether the field has neither the section's default nor the class's."""
        return getattr(self.config, field) not in (getattr(self.default, field), getattr(TrainingConfig(), field))


def unread_settings(config: SearchConfig, usual: SearchConfig | None = None) -> list[str]:
    """One sentence for each setting, or group of them, that differs from its default and has no effect.

    ``usual``: what ``config`` was begun with, such as a recipe. What one changed setting leaves unread of the rounds
    and the controller is named only where it differs from these too; where nothing was changed, nothing is named.

    >>> unread_settings(SearchConfig(loop=LoopConfig(rounds=1, proposals=20)))
    ['loop.proposals is not used with loop.rounds 1']
    """
    if config == usual:
        return []
    texts = (
        _limits(config)
        + _loop(config, usual or SearchConfig())
        + _scoring(config)
        + _check(config)
        + _rerank(config)
        + _final(config)
    )
    for training in _trainings(config):
        texts += _of_training(training)
    return texts


def unread_in_training(config: TrainConfig) -> list[str]:
    """The same of ``bnao train``, from its settings alone; of the data see :func:`unread_of_source`.

    >>> unread_in_training(TrainConfig(training=TrainingConfig(optimizer="adamw", momentum=0.5)))
    ['training.momentum is not used with training.optimizer adamw']
    """
    default = TrainConfig().training
    return _of_training(_Training("training", config.training, default, "network", config.network))


def unread_of_source(config: DataConfig, *, sets_aside: bool = True) -> list[str]:
    """Of the data; ``sets_aside``: a part of the training images is kept back. Raises DataError.

    >>> unread_of_source(DataConfig(valid_fraction=0.5), sets_aside=False)
    ['data.valid_fraction is not used because the data have test images, and all others are learned']
    """
    found = unread_fields(config)
    if not sets_aside and config.valid_fraction != DataConfig().valid_fraction:
        found["valid_fraction"] = "because the data have test images, and all others are learned"
    return [text for name, why in found.items() for text in _sentence("data", [name], why)]


def _sentence(section: str, names: list[str], why: str) -> list[str]:
    dotted = [f"{section}.{name}" for name in names]
    return [f"{joined(dotted)} {'is' if len(dotted) == 1 else 'are'} not used {why}"] if dotted else []


def _changed(config: Any, default: Any) -> list[str]:
    return [f.name for f in fields(config) if getattr(config, f.name) != getattr(default, f.name)]


def _limits(config: SearchConfig) -> list[str]:
    if config.limits.max_latency_ms is not None:
        return []
    return _sentence(
        "limits", [n for n in _changed(config.limits, Limits()) if n == "latency_batch"], "without max_latency_ms"
    )


def _loop(config: SearchConfig, usual: SearchConfig) -> list[str]:
    controller, chosen = config.controller, _changed(config.controller, usual.controller)
    changed = [name for name in _changed(controller, ControllerConfig()) if name in chosen]
    if config.loop.rounds == 1 and config.max_minutes is None:  # with it the rounds may not be those asked for
        known = {LoopConfig().proposals, usual.loop.proposals}
        proposals = [] if config.loop.proposals in known else ["proposals"]
        why = "with loop.rounds 1"
        controller_unread = [] if config.loop.known else changed  # a pool that is given may teach it at the start
        return _sentence("loop", proposals, why) + _sentence("controller", controller_unread, why)
    unread = NOT_READ_BY.get(controller.proposer, ())
    texts = _sentence(
        "controller", [n for n in changed if n in unread], f"with controller.proposer {controller.proposer}"
    )
    if controller.proposer == "nao" and not controller.early_stop:
        texts += _sentence("controller", [n for n in changed if n == "patience"], "with controller.early_stop false")
    return texts


def _scoring(config: SearchConfig) -> list[str]:
    changed, texts = _changed(config.scoring, ScoringConfig()), []
    if config.scoring.score == "learning":
        unread = [n for n in changed if n in OF_VALIDATION and not _recalibrates(config, n)]
        texts += _sentence("scoring", unread, "with scoring.score learning, which looks at training examples alone")
    elif config.scoring.statistics == "batch":
        unread = [n for n in changed if n == "recalibration_batches" and not _recalibrates(config, n)]
        texts += _sentence("scoring", unread, "with scoring.statistics batch")
    if config.scoring.adapt_steps == 0:
        texts += _sentence("scoring", [n for n in changed if n.startswith("adapt_")], "with scoring.adapt_steps 0")
    elif config.scoring.score != "both":
        why = f"with scoring.adapt_steps {config.scoring.adapt_steps}: adapted networks share nothing"
        texts += _sentence("scoring", [n for n in changed if n == "cache_mb"], why)
    if config.scoring.adapt_steps and not config.scoring.learns:
        why = f"with scoring.score {config.scoring.score}"
        texts += _sentence("scoring", [n for n in changed if n == "adapt_from"], why)
    return texts


def _recalibrates(config: SearchConfig, name: str) -> bool:
    """Whether the winner's statistics are taken by this setting of the scoring."""
    return name == "recalibration_batches" and config.final.mode == "inherit"


def _check(config: SearchConfig) -> list[str]:
    check, pool = config.check, config.loop.pool
    if check.when == "auto" and check.architectures > pool and config.max_minutes is None:
        changed = [n for n in _changed(check, CheckConfig()) if n == "architectures"]
        return _sentence("check", changed, f"with check.when auto and a pool of {pool}: there is no early check")
    if check.when != "never":
        return []
    return _sentence(
        "check", [n for n in _changed(config.check, CheckConfig()) if n != "when"], "with check.when never"
    )


def _rerank(config: SearchConfig) -> list[str]:
    if config.rerank.finalists:
        return []
    changed = _changed(config.rerank, RerankConfig())
    return _sentence("rerank", [n for n in changed if n == "finalist_factor"], "with rerank.finalists 0")


def _final(config: SearchConfig) -> list[str]:
    changed = _changed(config.final, FinalConfig())
    texts: list[str] = []
    mode = config.final.mode
    if config.final.from_supernet and "network" in changed:
        texts += _sentence("final", ["network"], f"with final.mode {mode}: the winner has the supernet's network")
    elif mode == "rerank" and "network" in changed:
        texts += _sentence("final", ["network"], "with final.mode rerank")
    if not config.final.trains and "training" in changed:
        texts += _sentence("final", ["training"], f"with final.mode {mode}")
    return texts


def _trainings(config: SearchConfig) -> list[_Training]:
    supernet, rerank, final = config.supernet, config.rerank, config.final
    found = [
        _Training(
            "supernet.training", supernet.training, SupernetConfig().training, "supernet.network", supernet.network
        ),
        _Training("rerank.training", rerank.training, RerankConfig().training, "rerank.network", rerank.network),
    ]
    if final.trains:
        name = "supernet.network" if final.from_supernet else "final.network"
        network = supernet.network if final.from_supernet else final.network
        found.append(_Training("final.training", final.training, FinalConfig().training, name, network))
    return found


def _of_training(training: _Training) -> list[str]:
    name, config = training.name, training.config
    unread = {
        "decay" if config.schedule == "cosine" else "final_learning_rate": f"with {name}.schedule {config.schedule}"
    }
    if not training.network.auxiliary:
        unread["auxiliary_weight"] = f"because {training.network_name} has no auxiliary head"
    if config.optimizer != "sgd":
        unread["momentum"] = f"with {name}.optimizer {config.optimizer}"
    if name != "supernet.training":
        unread["inactive"] = "because a network trained alone has no weights off the path"
    return [text for field, why in unread.items() if training.changed(field) for text in _sentence(name, [field], why)]
