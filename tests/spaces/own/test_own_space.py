"""Networks of users' own as spaces: a path is its network, counts are the built network's, weights are the user's."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from bnao import OneOf, Repeat
from bnao.arch import Architecture
from bnao.call import call_network
from bnao.cost.sizes import SizeTable
from bnao.errors import SettingError
from bnao.rng import generator
from bnao.spaces.base import Skeleton
from bnao.spaces.config import NetworkConfig
from bnao.spaces.own import OwnSpace
from bnao.spaces.own.inputs import first_example
from bnao.supernet import Supernet
from bnao.task import Task
from bnao.testing.spaces import check_choices, check_grammar, check_space

TASK = Task(in_channels=3, image_size=(8, 8), num_classes=5)
IMAGES = torch.randn(2, 3, 8, 8, generator=torch.Generator().manual_seed(0))


def block(width: int, kernel: int, stride: int = 1) -> nn.Module:
    conv = nn.Conv2d(width, width, kernel, stride=stride, padding=kernel // 2, bias=False)
    return nn.Sequential(conv, nn.BatchNorm2d(width), nn.ReLU())


class Chain(nn.Module):
    """A stem, a chain of choices, a repeated block."""

    def __init__(self) -> None:
        super().__init__()
        options = {"k3": lambda: block(6, 3), "k.5": lambda: block(6, 5), "keys": nn.Identity}
        self.stem = nn.Conv2d(3, 6, 3, padding=1)
        self.blocks = nn.Sequential(*[OneOf(options) for _ in range(3)])
        self.deep = Repeat(lambda: block(6, 3), times=(0, 1, 3))
        self.head = nn.Linear(6, 5)

    def forward(self, x: Tensor) -> Any:
        return self.head(self.deep(self.blocks(self.stem(x))).mean(dim=(2, 3)))


class Nested(Chain):
    """Choices within options, and within repeated blocks; one kernel for all."""

    def __init__(self) -> None:
        super().__init__()

        def kernel() -> nn.Module:
            return OneOf({3: lambda: block(6, 3), 5: lambda: block(6, 5)}, name="kernel")

        self.blocks = nn.Sequential(
            *[OneOf({"conv": lambda: nn.Sequential(kernel(), nn.ReLU()), "skip": nn.Identity}) for _ in range(2)]
        )
        self.deep = Repeat(lambda: OneOf({"a": kernel, "b": nn.Tanh}), times=(1, 2))


class Widths(nn.Module):
    """Two layers whose widths agree, and a stride that changes what later parts cost."""

    def __init__(self) -> None:
        super().__init__()
        self.first = OneOf({w: (lambda w=w: nn.Conv2d(3, w, 3, padding=1)) for w in (4, 8)}, name="width")
        self.down = OneOf({"s1": nn.Identity, "s2": lambda: nn.AvgPool2d(2)})
        self.second = OneOf({w: (lambda w=w: nn.Conv2d(w, 6, 3, padding=1)) for w in (4, 8)}, name="width")
        self.third = OneOf({"k3": lambda: block(6, 3), "k1": lambda: block(6, 1)})
        self.head = nn.Linear(6, 5)

    def forward(self, x: Tensor) -> Any:
        return self.head(self.third(self.second(self.down(self.first(x)).relu())).mean(dim=(2, 3)))


class Tied(Chain):
    """One module in two options, a weight that two layers own, a choice that stands in two places."""

    def __init__(self) -> None:
        super().__init__()
        shared = block(6, 3)
        again = OneOf({"shared": lambda: shared, "own": lambda: block(6, 3)})
        other = OneOf({"shared": lambda: shared, "skip": nn.Identity})
        self.blocks = nn.Sequential(again, other, nn.ReLU(), again)
        self.deep = OneOf(
            {"tied": lambda: nn.Conv2d(3, 6, 3, padding=1), "free": lambda: nn.Conv2d(3, 6, 3, padding=1)}
        )
        assert isinstance(self.deep.options[0], nn.Conv2d)
        self.deep.options[0].weight = self.stem.weight

    def forward(self, x: Tensor) -> Any:
        return self.head((self.blocks(self.stem(x)) + self.deep(x)).mean(dim=(2, 3)))


class Functional(nn.Module):
    """Works with weights by functions, and calls parts of what was chosen."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(6, 3, 3, 3))
        self.mix = OneOf({"one": lambda: Mixer(1), "two": lambda: Mixer(2)})
        self.head = nn.Linear(6, 5)

    def forward(self, x: Tensor) -> Any:
        x = F.conv2d(x, self.weight, padding=1)
        return self.head(self.mix(x).mean(dim=(2, 3)) + self.mix.inner(x.mean(dim=(2, 3))))  # type: ignore[operator]


class Mixer(nn.Module):
    """Multiplies by a matrix, several times."""

    def __init__(self, times: int) -> None:
        super().__init__()
        self.times, self.matrix, self.inner = times, nn.Parameter(torch.randn(6, 6) / 6), nn.Linear(6, 6)

    def forward(self, x: Tensor) -> Tensor:
        for _ in range(self.times):
            x = torch.einsum("bchw,cd->bdhw", x, self.matrix)
        return x


class Series(nn.Module):
    """A recurrent network over (B, T, 4), and a norm over channels."""

    def __init__(self) -> None:
        super().__init__()
        self.lstm = OneOf(
            {"lstm": lambda: nn.LSTM(4, 6, batch_first=True), "gru": lambda: nn.GRU(4, 6, batch_first=True)}
        )
        self.norm = OneOf({"batch": lambda: nn.BatchNorm1d(6), "none": nn.Identity})
        self.head = nn.Linear(6, 5)

    def forward(self, x: Tensor) -> Any:
        return self.head(self.norm(self.lstm(x)[0][:, -1]))


class Two(nn.Module):
    """Two inputs, by place or by name."""

    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Embedding(7, 6)
        self.dense = OneOf(
            {"small": lambda: nn.Linear(3, 6), "large": lambda: nn.Sequential(nn.Linear(3, 9), nn.Linear(9, 6))}
        )
        self.head = nn.Linear(6, 5)

    def forward(self, words: Tensor, numbers: Tensor) -> Any:
        return self.head(self.embed(words).mean(dim=1) + self.dense(numbers))


class Values(Chain):
    """Looks at values, so it does not run on the meta device."""

    def forward(self, x: Tensor) -> Any:
        return super().forward(x) if x.abs().max().item() > 0 else super().forward(x + 1)


class Irregular(nn.Module):
    """Costs that no sum of parts gives: how often a part runs depends on the product of all choices."""

    def __init__(self) -> None:
        super().__init__()
        self.gates = nn.ModuleList(OneOf({"off": lambda: Gate(0), "on": lambda: Gate(1)}) for _ in range(10))
        self.part, self.head = nn.Conv2d(3, 3, 3, padding=1), nn.Linear(3, 5)

    def forward(self, x: Tensor) -> Any:
        for _ in range(1 + sum(gate.value for gate in self.gates) % 3):  # type: ignore[misc]
            x = self.part(x)
        return self.head(x.mean(dim=(2, 3)))


class Gate(nn.Module):
    """A number."""

    def __init__(self, value: int) -> None:
        super().__init__()
        self.value = value


SERIES = torch.randn(2, 7, 4, generator=torch.Generator().manual_seed(1))
WORDS, NUMBERS = torch.tensor([[1, 2], [3, 6]]), torch.randn(2, 3, generator=torch.Generator().manual_seed(2))
MODELS: dict[str, tuple[type[nn.Module], Any]] = {
    "chain": (Chain, IMAGES),
    "nested": (Nested, IMAGES),
    "widths": (Widths, IMAGES),
    "tied": (Tied, IMAGES),
    "functional": (Functional, IMAGES),
    "values": (Values, IMAGES),
    "irregular": (Irregular, IMAGES),
    "series": (Series, SERIES),
    "two by place": (Two, (WORDS, NUMBERS)),
    "two by name": (Two, {"numbers": NUMBERS, "words": WORDS}),
}


@cache
def space_of(name: str) -> OwnSpace:
    return OwnSpace(*MODELS[name])


@pytest.fixture(params=list(MODELS))
def model(request: pytest.FixtureRequest) -> tuple[OwnSpace, Any]:
    return space_of(request.param), MODELS[request.param][1]


def skeleton_of(space: OwnSpace) -> Skeleton:
    return space.skeleton(NetworkConfig(output="project"), TASK)


@pytest.mark.parametrize("name", ["chain", "nested", "widths", "functional", "tied", "irregular"])
def test_conformance(name: str) -> None:
    check_space(space_of(name), NetworkConfig(output="project"), TASK)


def test_grammar_and_words(model: tuple[OwnSpace, Any]) -> None:
    space, _ = model
    check_grammar(space.grammar)
    check_choices(space)
    for architecture in space.grammar.sample(5, generator(0, "draw")):
        assert max(map(len, space.draw(architecture).splitlines())) <= 80
        rows = [row.text for graph in space.graph(architecture) for node in graph.nodes for row in node.rows]
        assert len(rows) == len(space.choices(architecture))


def test_a_path_is_its_network(model: tuple[OwnSpace, Any]) -> None:
    space, inputs = model
    skeleton = skeleton_of(space)
    supernet = Supernet(skeleton.build_supernet())
    for architecture in space.grammar.sample(6, generator(0, "paths")):
        path, alone = supernet.path(architecture), skeleton.build_standalone(architecture).module
        assert not [m for m in alone.modules() if type(m).__module__.startswith("bnao")]
        assert list(alone.state_dict()) == list(path.state_dict())
        alone.load_state_dict(supernet.inherited_state(architecture))
        for training in (True, False):
            results = [call_network(network.train(training), inputs) for network in (path, alone)]
            torch.testing.assert_close(results[0], results[1], rtol=0, atol=0)
            for network, result in zip((path, alone), results, strict=True):
                network.zero_grad()
                result.square().mean().backward()
            wanted = {name: p.grad for name, p in alone.named_parameters()}
            for name, parameter in path.named_parameters():
                torch.testing.assert_close(parameter.grad, wanted[name])


def direct(space: OwnSpace, architecture: Architecture, inputs: Any) -> tuple[int, int]:
    """Parameters, and multiply-adds of one example on the CPU."""
    network = skeleton_of(space).build_standalone(architecture).module.eval()
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        call_network(network, first_example(inputs))
    return sum(p.numel() for p in network.parameters()), counter.get_total_flops() // 2


def test_counts(model: tuple[OwnSpace, Any]) -> None:
    space, inputs = model
    sizes = SizeTable(skeleton_of(space))
    listed = space.grammar.sample_distinct(20, generator(0, "counts"))
    params_P, macs_P = sizes.num_params(listed), sizes.macs(listed)
    for architecture, num_params, macs in zip(listed, params_P, macs_P, strict=True):
        wanted = direct(space, architecture, inputs)
        assert num_params == wanted[0]
        if not isinstance(space.build(), Series):  # the CPU runs an LSTM as one operation that is not counted
            assert macs == wanted[1]
    assert params_P.max() <= sizes.max_params() and macs_P.max() <= sizes.max_macs()
    if space.grammar.count() <= 20:
        assert params_P.max() == sizes.max_params()
        sampler = sizes.additive_sampler(1)
        assert sampler is not None and sampler.moment(1) == params_P.sum()


def test_multiply_adds_that_add_up() -> None:
    whole = {name: space_of(name).catalogue.whole_macs() is not None for name in MODELS}
    assert [name for name, is_whole in whole.items() if is_whole] == ["irregular"]
    sizes = SizeTable(skeleton_of(space_of("irregular")))
    assert sizes.max_macs() == float("inf") and sizes.additive_macs_sampler(1) is None


def test_recurrent_networks_are_counted_by_their_matrices() -> None:
    space = space_of("series")
    macs = SizeTable(skeleton_of(space)).macs([space.grammar.parse("0 1"), space.grammar.parse("1 1")])
    assert macs.tolist() == [7 * 4 * 6 * (4 + 6) + 30, 7 * 3 * 6 * (4 + 6) + 30]


class Pretrained(Chain):
    """Begins with given weights, some of them frozen."""

    def __init__(self) -> None:
        super().__init__()
        with torch.no_grad():
            for parameter in self.parameters():
                parameter.fill_(0.5)
        self.stem.requires_grad_(False)


def test_the_users_weights_stay() -> None:
    space = OwnSpace(Pretrained, IMAGES)
    skeleton = skeleton_of(space)
    one = space.grammar.nth(5)
    for module in (skeleton.build_supernet().module, skeleton.build_standalone(one).module):
        assert all((parameter == 0.5).all() for parameter in module.parameters())
        frozen = {name for name, parameter in module.named_parameters() if not parameter.requires_grad}
        assert frozen == {"stem.weight", "stem.bias"}
    assert SizeTable(skeleton).num_params([one])[0] == sum(
        p.numel() for p in skeleton.build_standalone(one).module.parameters()
    )


def test_a_repeated_block_keeps_its_mode() -> None:
    space = OwnSpace(Chain, IMAGES)
    supernet = Supernet(skeleton_of(space).build_supernet())
    supernet.root.eval()
    assert not any(module.training for module in supernet.path(space.grammar.nth(2)).modules())


def test_making_a_space_draws_no_random_numbers() -> None:
    before = torch.get_rng_state()
    space = OwnSpace(Chain, IMAGES)
    assert space.catalogue.pieces and torch.equal(torch.get_rng_state(), before)


def test_a_choice_as_the_whole_network() -> None:
    space = OwnSpace(lambda: OneOf({"a": lambda: nn.Linear(3, 2), "b": lambda: nn.Linear(3, 2, bias=False)}), NUMBERS)
    assert space.draw(space.grammar.parse("1")) == "  network  b"
    assert SizeTable(skeleton_of(space)).num_params([space.grammar.nth(0), space.grammar.nth(1)]).tolist() == [8, 6]


def test_long_labels_are_cut() -> None:
    class Deep(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            holder = nn.Module()
            holder.add_module("x" * 90, OneOf({"y" * 100: nn.Identity, "z": nn.Identity}))
            self.holder = holder

        def forward(self, x: Tensor) -> Tensor:
            return x

    space = OwnSpace(Deep, IMAGES)
    assert len(space.draw(space.grammar.nth(0))) <= 80


@pytest.mark.parametrize("settings", [{"cells_per_stage": 2}, {"channels": 8}, {"auxiliary": True}, {"stem": "cifar"}])
def test_settings_of_other_networks_are_refused(settings: dict[str, Any]) -> None:
    space = OwnSpace(Chain, IMAGES)
    with pytest.raises(SettingError, match="the space 'own' does not read"):
        space.skeleton(NetworkConfig(**settings), TASK)
    assert space.skeleton(NetworkConfig(), TASK).image_shape == (3, 8, 8)
    with pytest.raises(SettingError, match="share_sides"):
        space.skeleton(NetworkConfig(), TASK).build_supernet(share_sides=True)
