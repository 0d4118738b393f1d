"""A search's result that was changed, with hashes and checksums computed again: each claim is held against the rest."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.loop.conftest import MICRO
from tests.loop.verify.test_verify import changed, copied, differing, first_trained, winner

import bnao
import bnao.api as api
from bnao.cli.main import main
from bnao.storage import RunFolder

__all__ = ["copied"]


def of_result(**values: Any) -> Callable[[Any], Any]:
    return lambda result: {**result, **values}


def told(path: Path) -> list[str]:
    """The names of the checks that differ; the copies for people are put right, as a forger would."""
    RunFolder.open(path).publish("result.json")
    return differing(bnao.verify(path, others=0))


FORGED: dict[str, Callable[[Any], Any]] = {
    "settings": of_result(recipe="cifar10-search", seed=7, data="cifar10"),
    "form of the network": winner(output="project"),
    "parameters in training": winner(num_params_with_auxiliary=1),
    "measured on": winner(measured_on="10,000 images, CIFAR-10 test set"),
    "drawing": of_result(drawing="FAKE CELL"),
    "space size": of_result(space_size="99"),
    "metric": of_result(metric={"name": "f1", "higher_is_better": True, "is_share": True}),
    "stages": of_result(warnings=["none at all"]),
    "latency": first_trained(latency_ms=0.1),
}


def test_every_claim_of_a_result_is_held_against_the_rest(copied: Path) -> None:
    for change in FORGED.values():
        changed(copied, "result.json", change)
    assert sorted(told(copied)) == sorted(FORGED)


@pytest.mark.parametrize("changes", [{"gain": None, "gain_standard_error": None}, {"gain": 0.3}])
def test_a_gain_can_be_neither_hidden_nor_invented(copied: Path, changes: dict[str, Any]) -> None:
    changed(copied, "result.json", of_result(**changes))
    assert "gain" in told(copied)


def without(arm: str) -> Callable[[Any], Any]:
    def change(result: Any) -> Any:
        return {
            **result, "gain": None, "gain_standard_error": None,
            "trained": [entry for entry in result["trained"] if entry["arm"] != arm],
        }  # fmt: skip

    return change


def test_a_removed_arm_is_missed(copied: Path, tmp_path: Path) -> None:
    shutil.copytree(copied, tmp_path / "other")
    changed(copied, "result.json", without("random"))
    assert told(copied) == ["random arm"]
    changed(tmp_path / "other", "result.json", without("searched"))
    assert {"searched: which", "choice"} <= set(told(tmp_path / "other"))


def test_the_arms_order_and_the_choice(copied: Path) -> None:
    def swapped(result: Any) -> Any:
        first, second, *rest = result["trained"]
        return {**result, "trained": [second, first, *rest]}

    changed(copied, "result.json", swapped)
    assert {"searched: order", "choice"} <= set(told(copied))


def test_another_mode_and_an_arm_of_another_name(copied: Path) -> None:
    changed(copied, "result.json", winner(mode="inherit"))
    changed(copied, "result.json", first_trained(arm="best"))
    assert {"settings", "arms"} <= set(told(copied))


def test_the_early_check_follows_from_its_rows(tmp_path: Path) -> None:
    config = replace(MICRO, check=replace(MICRO.check, when="always", architectures=5))
    path = api.search(config, tmp_path / "run").path
    assert bnao.verify(path, others=0).ok
    before = RunFolder.open(path).read_json("check.json")
    assert before["report"] is not None

    def better(check: Any) -> Any:
        check["report"]["score"]["overall"]["kendall"]["value"] = 0.99
        return check

    changed(path, "check.json", better)
    assert told(path) == ["early check: figures"]
    changed(
        path, "check.json", lambda _: {**before, "rows": [{**before["rows"][0], "score": 3.0}, *before["rows"][1:]]}
    )
    assert "early check" in told(path)


def test_what_no_check_covers_is_said(micro: Any, capsys: pytest.CaptureFixture[str]) -> None:
    found = bnao.verify(micro[0].path, others=0)
    assert found.ok and any("hashes and checksums tell damage" in text for text in found.unverified)
    assert main(["verify", str(micro[0].path), "--others", "0"]) == 0
    said = capsys.readouterr().out
    assert "Not verified: what the run says and no check covers" in said and "All" in said
