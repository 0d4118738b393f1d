"""A batch in two parts: two processes end with the bits of one process, and of each other."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar

import numpy as np
import pytest
import torch
from tests.distributed.processes import together
from tests.training.test_loop import CONFIG, SMALL, SPACE, TASK, Alternate, _learnable
from tests.training.test_policy_resume import POOL, SIZES, Kept
from torch import nn

from bnao.cost.feasible import FeasibleSpace
from bnao.data.batches import batch_indices
from bnao.data.config import AugmentConfig
from bnao.distributed import ALONE, Shards
from bnao.errors import NumericalError, SettingError, UnusableData
from bnao.objective import CLASSIFICATION
from bnao.sampling import make_policy
from bnao.sampling.base import Policy, StepPlan
from bnao.sampling.config import SamplingConfig
from bnao.spaces.base import Built
from bnao.spaces.progress import Progress
from bnao.supernet import StandAlone, Supernet
from bnao.training.config import TrainingConfig
from bnao.training.loop import Hooks, NoSaves, Weights, schedule, train
from bnao.training.sharded import ShardedStep, Step

RICH = replace(CONFIG, epochs=0.75, augment=AugmentConfig(crop_padding=1, flip=True, cutout=2))
AUXILIARY = replace(TASK, image_size=(32, 32))


def policy_of(name: str) -> Policy:
    return make_policy(
        SamplingConfig(policy=name, over="space" if name == "fair" else "pool"),
        feasible=FeasibleSpace(SPACE.grammar),
        sizes=SIZES,
        pool=POOL,
        seed=7,
        schedule=schedule(RICH, 64),
    )


def trained(policy: Policy, config: TrainingConfig, shards: Shards, **more: Any) -> tuple[dict[str, Any], list[Any]]:
    """The state after the training, as plain arrays, and the curve."""
    torch.manual_seed(shards.group.rank)  # a follower's own weights do not count
    supernet = Supernet(SPACE.skeleton(SMALL, TASK).build_supernet())
    torch.manual_seed(0)
    if shards.group.rank == 0:
        supernet = Supernet(SPACE.skeleton(SMALL, TASK).build_supernet())
    weights = Weights.fresh(supernet, config)
    curve = train(weights, policy, _learnable(), config, seed=0, stage="s", shards=shards, **more)
    return arrays(weights.state_dict()), curve


def arrays(value: Any) -> Any:
    if isinstance(value, torch.Tensor):
        return value.detach().numpy().copy()
    if isinstance(value, dict):
        return {name: arrays(item) for name, item in value.items()}
    return [arrays(item) for item in value] if isinstance(value, list | tuple) else value


def same(a: Any, b: Any) -> bool:
    if isinstance(a, np.ndarray):
        return bool(np.array_equal(a, b))
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(same(a[name], b[name]) for name in a)
    if isinstance(a, list):
        return len(a) == len(b) and all(map(same, a, b))
    return bool(a == b)


CASES = {
    "uniform": ("uniform", RICH),
    "a teacher, and an average": ("sandwich", replace(RICH, average_decay=0.9, label_smoothing=0.1)),
    "several paths": ("fair", RICH),
    "a policy that hears losses": ("adaptive", replace(RICH, inactive="moving")),
    "four parts, adamw": ("uniform", replace(RICH, gradient_accumulation=2, optimizer="adamw")),
    "three and four images a part": ("uniform", replace(RICH, batch_size=7)),
}


@pytest.mark.parametrize("case", CASES)
def test_two_processes_are_one_process_that_accumulates_to_the_bit(case: str) -> None:
    name, config = CASES[case]
    parts = 2 * config.gradient_accumulation
    one, curve = trained(policy_of(name), config, Shards(parts))
    found = together(lambda group: trained(policy_of(name), config, Shards(parts, group)))
    assert all(same(one, state) for state, _ in found)
    assert all(curve == other for _, other in found)


def test_one_part_is_what_it_always_was() -> None:
    whole, _ = trained(policy_of("uniform"), RICH, Shards(1, ALONE))
    torch.manual_seed(0)
    supernet = Supernet(SPACE.skeleton(SMALL, TASK).build_supernet())
    weights = Weights.fresh(supernet, RICH)
    train(weights, policy_of("uniform"), _learnable(), RICH, seed=0, stage="s")
    assert same(whole, arrays(weights.state_dict()))
    assert not same(whole, trained(policy_of("uniform"), RICH, Shards(2))[0])


class Stopped(Exception):
    """The process ends here."""


def test_two_processes_are_killed_and_one_goes_on_to_the_same_bits() -> None:
    one, _ = trained(policy_of("uniform"), RICH, Shards(2))

    def begun(group):
        def on_step(done, figures):
            if done == 2:
                raise Stopped

        saves = Kept()
        try:
            trained(policy_of("uniform"), RICH, Shards(2, group), hooks=Hooks(on_step=on_step), saves=saves)
        except Exception as error:
            return type(error).__name__, saves.bytes
        return "went on", b""

    (first, kept), (second, nothing) = together(begun)
    assert (first, second, nothing) == ("Stopped", "Left", b"")
    saves = Kept()
    saves.bytes = kept
    assert same(one, trained(policy_of("uniform"), RICH, Shards(2), saves=saves)[0])


class Odd(nn.Module):
    """Keeps what is not easily shared: a reassigned statistic, a whole number that the data set, a constant, a skip."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.norm, self.last = nn.Linear(4, 6), nn.BatchNorm1d(6), nn.Linear(6, 4)
        self.sometimes, self.never = nn.Linear(6, 6), nn.Linear(2, 2)
        self.frozen = nn.Linear(6, 6).requires_grad_(False)
        self.register_buffer("level", torch.zeros(6))
        self.register_buffer("largest", torch.zeros(1, dtype=torch.int64))
        self.register_buffer("constant", torch.tensor([0.1, float("-inf")]))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        h = self.norm(self.first(x))
        if self.training:
            self.level = 0.9 * self.level + 0.1 * h.detach().mean(0)
            self.largest.copy_((100 * h.detach().amax()).long().view(1))
        if torch.rand(()) < 0.5:
            h = h + self.sometimes(h)
        return self.last(torch.relu(self.frozen(h)))


class Flat:
    """Examples of four numbers."""

    def __init__(self, num: int = 24) -> None:
        self.x = torch.randn(num, 4, generator=torch.Generator().manual_seed(1))
        self.device = self.x.device

    def __len__(self) -> int:
        return len(self.x)

    def batch(self, index):
        return self.x[index], (self.x[index].sum(1) > 0).long()

    def augmented(self, augment):
        return self

    def ahead(self, planned):
        return self


def odd(shards: Shards, steps: int = 3, **more: Any) -> dict[str, Any]:
    config = TrainingConfig(epochs=steps * 8 / 24, batch_size=8, learning_rate=0.1)
    return arrays(odd_weights(config, shards=shards, **more).trainable.root.state_dict())


def odd_weights(config: TrainingConfig, **more: Any) -> Weights:
    torch.manual_seed(5)
    config = replace(config, augment=AugmentConfig(crop_padding=0, flip=False, cutout=0))
    weights = Weights.fresh(StandAlone(Built(Odd(), Progress())), config)
    policy = Alternate(SPACE.grammar.sample(1, np.random.default_rng(0))[0])
    train(weights, policy, Flat(), config, seed=0, stage="s", **more)  # type: ignore[arg-type]
    return weights


def test_a_module_with_state_of_every_kind() -> None:
    torch.manual_seed(5)
    fresh = arrays(Odd().state_dict())
    one, found = odd(Shards(2)), together(lambda group: odd(Shards(2, group)))
    assert all(same(one, state) for state in found)
    assert same(one["constant"], fresh["constant"]) and one["never.weight"].tolist() == fresh["never.weight"].tolist()
    assert one["norm.num_batches_tracked"] == 3
    assert one["largest"] > 0 and np.abs(one["level"]).max() > 0
    assert not np.array_equal(one["sometimes.weight"], fresh["sometimes.weight"])


def test_a_buffer_that_a_forward_replaces_is_averaged_and_saved() -> None:
    class EachStep(NoSaves):
        states: ClassVar[list[Any]] = []

        def due(self) -> bool:
            return True

        def save(self, state: Mapping[str, Any]) -> None:
            self.states.append(copy.deepcopy(state))

    config = TrainingConfig(epochs=1, batch_size=8, learning_rate=0.1, average_decay=0.5)
    weights = odd_weights(config, saves=EachStep())
    wanted = torch.zeros(6)
    for state in EachStep.states:
        wanted = 0.5 * wanted + 0.5 * state["weights"]["level"]
        torch.testing.assert_close(state["average"]["average"]["level"], wanted)
    assert len(EachStep.states) == 3 and bool(wanted.any())
    assert weights.average is not None
    with weights.average.applied():
        torch.testing.assert_close(weights.trainable.root.level, wanted)


def test_running_statistics_are_the_mean_of_the_parts() -> None:
    torch.manual_seed(5)
    start = Odd()
    state = copy.deepcopy(start.state_dict())
    batches = Flat()
    one = odd(Shards(2), steps=1)
    index = batch_indices(24, 8, 0, 0, "s")
    moved = []
    for part in (index[:4], index[4:]):
        start.load_state_dict(state)
        start.norm(start.first(batches.x[part]))
        moved.append(start.norm.running_mean.clone())
    np.testing.assert_allclose(one["norm.running_mean"], (moved[0] + moved[1]).numpy() / 2, rtol=1e-6, atol=1e-8)


def test_a_loss_that_is_not_finite_ends_the_training_in_every_process() -> None:
    config = replace(RICH, learning_rate=1e30, final_learning_rate=0.0)

    def work(group):
        with pytest.raises(NumericalError, match="must stay finite"):
            trained(policy_of("uniform"), config, Shards(2, group))
        left = group.broadcast() if group.rank else None
        return left, group.all_numbers(group.rank)  # the group is in order

    assert together(work) == [(None, [0, 1]), (("left", None), [0, 1])]


@pytest.mark.parametrize("bad", [0, 1])
def test_data_that_are_not_finite_are_to_blame_in_whichever_part_they_are(bad: int) -> None:
    def run(number: int, share: float) -> tuple[list[float], float]:
        if number == bad:
            raise UnusableData("the training loss must stay finite; received nan: the inputs: mend the data")
        return [0.5], 0.5

    def work(group):
        supernet = Supernet(SPACE.skeleton(SMALL, TASK).build_supernet())
        path = supernet.entry(POOL[0])
        sharded = ShardedStep(supernet.root, Shards(2, group), 16)
        with pytest.raises(UnusableData, match="mend the data") as raised:
            sharded.run(Step(0, [path], "one"), run)
        return "in another process" in str(raised.value)

    assert together(work) == [bad != 0, bad != 1]


def test_small_parts_are_refused() -> None:
    with pytest.raises(SettingError, match="a batch of 16 has at most 8 parts"):
        trained(policy_of("uniform"), RICH, Shards(9))
    with pytest.raises(SettingError, match=r"gradient_accumulation lies in \[1, batch_size / 2\], here 8"):
        replace(RICH, gradient_accumulation=9)


def test_a_plan_has_weights_of_its_own_in_parts() -> None:
    """Gradients of two parts are those of the weighted sum over both: a path of weight 2 counts twice."""

    class Weighed(Policy):
        def __init__(self, weight: float) -> None:
            self.weight = weight

        def plan(self, step, rng):
            return StepPlan((POOL[0],), (self.weight,), lr_scale=1 / self.weight)

    plain = replace(RICH, momentum=0.0, weight_decay=0.0, clip_norm=1e9)
    one, _ = trained(Weighed(1.0), plain, Shards(2))
    two, _ = trained(Weighed(2.0), plain, Shards(2))
    for name, value in one["weights"].items():
        np.testing.assert_allclose(two["weights"][name], value, rtol=1e-4, atol=1e-5, err_msg=name)


def test_bfloat16_trains_in_float32_weights() -> None:
    half, _ = trained(policy_of("uniform"), replace(RICH, precision="bfloat16"), Shards(2))
    full, _ = trained(policy_of("uniform"), RICH, Shards(2))
    names = [name for name, value in full["weights"].items() if value.dtype == np.float32]
    assert all(half["weights"][name].dtype == np.float32 for name in names)
    assert any(not np.array_equal(half["weights"][name], full["weights"][name]) for name in names)
    assert all(np.isfinite(half["weights"][name]).all() for name in names)


def test_a_loss_is_computed_in_float32() -> None:
    seen: list[tuple[torch.dtype, bool]] = []

    def loss(outputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        seen.append((outputs.dtype, torch.is_autocast_enabled("cpu")))
        product = outputs @ outputs.T  # in bfloat16 under autocast
        assert product.dtype == torch.float32
        return torch.nn.functional.cross_entropy(outputs, targets) + 0 * product.sum()

    config = TrainingConfig(epochs=1 / 3, batch_size=8, precision="bfloat16")
    odd_weights(config, objective=replace(CLASSIFICATION, loss=loss))
    assert seen == [(torch.float32, False)]
