"""The modes that keep more state: an interrupted run of each ends with the bits of an undisturbed one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from tests.loop.conftest import MICRO, Enough, StopAt
from tests.resume.outcome import outcome

import bnao
import bnao.api as api
from bnao.controller.config import ControllerConfig
from bnao.evaluation.config import ScoringConfig
from bnao.loop.config import FinalConfig, SearchConfig


def averaged() -> SearchConfig:
    training = replace(MICRO.supernet.training, average_decay=0.9, epochs=2)
    alone = replace(MICRO.rerank, training=replace(MICRO.rerank.training, average_decay=0.8))
    final = FinalConfig(mode="fine_tune", training=replace(MICRO.final.training, average_decay=0.7))
    supernet = replace(MICRO.supernet, training=training, share_sides=True)
    scoring = ScoringConfig(statistics="recalibrated", recalibration_batches=1)
    return replace(MICRO, supernet=supernet, rerank=alone, final=final, scoring=scoring)


def moving() -> SearchConfig:
    training = replace(MICRO.supernet.training, inactive="moving", epochs=2)
    controller = ControllerConfig(proposer="evolution")
    return replace(MICRO, supernet=replace(MICRO.supernet, training=training), controller=controller)


def whole_space() -> SearchConfig:
    sampling = replace(MICRO.sampling, over="space")
    return replace(MICRO, sampling=sampling, loop=replace(MICRO.loop, rounds=3))


@pytest.mark.parametrize("make", [averaged, moving, whole_space])
def test_stopped_twice_and_resumed_to_the_bit(make, tmp_path: Path, undisturbed_of) -> None:
    config = replace(make(), save_seconds=0.0)
    with pytest.raises(Enough):
        api.search(config, tmp_path / "run", recipe="micro", listener=StopAt("stage_progress", 5))
    with pytest.raises(Enough):
        api.resume(tmp_path / "run", listener=StopAt("stage_progress", 55))
    api.resume(tmp_path / "run")
    assert outcome(tmp_path / "run") == undisturbed_of(make)


@pytest.fixture(scope="module")
def undisturbed_of(tmp_path_factory):
    """The outcome of a search that nobody disturbs, made once for each configuration."""
    found: dict[object, dict[str, str]] = {}

    def of(make) -> dict[str, str]:
        if make not in found:
            path = api.search(make(), tmp_path_factory.mktemp("whole") / "run", recipe="micro").path
            found[make] = outcome(path)
            assert bnao.verify(path).ok
        return found[make]

    return of
