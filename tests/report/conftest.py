from collections.abc import Callable
from typing import Any

import pytest

from bnao.loop.result import SearchResult, Trained, Winner


def _trained(k: int, arm: str, **changes: Any) -> Trained:
    values: dict[str, Any] = {
        "architecture": "0 1 1 2 | 0 1 1 2", "id": f"{k:016x}", "arm": arm,
        "score": -1.25 - k if arm == "searched" else None,
        "valid_metric": 0.7 - k / 100, "test_metric": None, "num_params": 614_870 + k, "macs": 86_400_000,
        "seconds": 12.0,
    }  # fmt: skip
    return Trained(**{**values, **changes})


@pytest.fixture
def make_result() -> Callable[..., SearchResult]:
    def make(**changes: Any) -> SearchResult:
        winner = Winner(
            architecture=" ".join(["0 1 1 2"] * 5) + " | " + " ".join(["0 1 1 2"] * 5), id="00aabbccddeeff00",
            mode="retrain", output="concat", test_metric=0.8532, test_standard_error=0.0079,
            measured_on="2,000 test images", num_params=4_387_654, num_params_with_auxiliary=4_864_080,
            macs=684_238_464,
        )  # fmt: skip
        trained = [_trained(k, "searched") for k in range(5)] + [_trained(k + 5, "random") for k in range(5)]
        trained[1] = _trained(1, "searched", test_metric=0.705)
        trained[7] = _trained(7, "random", test_metric=0.688)
        values: dict[str, Any] = {
            "recipe": "demo", "seed": 3, "space": "nao_cell", "space_size": "4.39e22", "data": "CIFAR-10 sample",
            "winner": winner, "trained": trained, "gain": 0.017, "gain_standard_error": 0.011, "pool_size": 300,
            "pool_by_round": [200, 100], "stage_seconds": {"data": 1.0, "supernet-1": 65.0},
            "stage_figures": {"supernet-1": {"loss": 1.5}}, "warnings": ["few [red]images[/red] " * 9],
            "drawing": "normal cell\n   ●───2",
        }  # fmt: skip
        return SearchResult(**{**values, **changes})

    return make
