"""What is refused when a space of users' own is made, each with the reason and the remedy."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from bnao import OneOf, Repeat
from bnao.errors import ArchitectureError, SettingError
from bnao.spaces.config import NetworkConfig
from bnao.spaces.own import OwnSpace
from bnao.task import Task

X = torch.zeros(2, 3)


def linear(width: int = 3) -> nn.Module:
    return nn.Linear(3, width)


def either(**settings: Any) -> OneOf:
    return OneOf({"a": linear, "b": nn.Identity}, **settings)


class Holder(nn.Module):
    """Runs its body; ``keep`` puts things where a class of a user's might."""

    def __init__(self, body: nn.Module, **keep: object) -> None:
        super().__init__()
        self.body = body
        for name, value in keep.items():
            setattr(self, name, value)

    def forward(self, x: Tensor) -> Any:
        return self.body(x)


def refused(build: Any, words: str, inputs: Any = X) -> None:
    with pytest.raises(SettingError, match=words):
        OwnSpace(build, inputs)


# ---- choices ----


@pytest.mark.parametrize(
    "options, words",
    [
        ({"a": linear}, "two options or more; received .'a'.: name another one"),
        ({}, "two options or more"),
        ([linear, linear], "takes a mapping .* received list"),
        ({"a": linear, "b": nn.Linear(1, 1)}, "'b' is a function .* received a Linear .* wrap it in a lambda"),
        ({"a": linear, "b": 3}, "'b' is a function that makes a module; received 3"),
        ({"a": linear, "b": lambda: 3}, "makes a torch.nn.Module; received int"),
        ({"16": linear, 16: linear}, "distinct names"),
        ({"": linear, "b": linear}, "options are named by text .* received ''"),
        ({"a\n": linear, "b": linear}, "options are named by text"),
        ({True: linear, "b": linear}, "options are named by text .* received True"),
        ({1.5: linear, "b": linear}, "options are named by text .* received 1.5"),
    ],
)
def test_options(options: Any, words: str) -> None:
    with pytest.raises(SettingError, match=words):
        OneOf(options)


@pytest.mark.parametrize(
    "times, words",
    [
        ((1,), "two numbers or more"),
        ((), "two numbers or more"),
        ((1, 1), "times are distinct"),
        ((-1, 1), "whole numbers from 0 to 1,000; received -1"),
        ((0, 2000), "received 2000"),
        ((0, 1.5), "received 1.5"),
        (3, "times is a list"),
        ("12", "times is a list"),
    ],
)
def test_times(times: Any, words: str) -> None:
    with pytest.raises(SettingError, match=words):
        Repeat(linear, times=times)


@pytest.mark.parametrize("name", ["", " ", 3])
def test_names(name: Any) -> None:
    with pytest.raises(SettingError, match="the name of a choice is text"):
        either(name=name)


def test_an_unresolved_choice_says_what_to_run() -> None:
    with pytest.raises(AssertionError, match=r"OneOf\(a, b, name='n'\).*supernet.path"):
        Holder(either(name="n"))(X)


# ---- networks ----


def hidden_in_a_list() -> nn.Module:
    return Holder(either(), rest=[either(name="hidden")])


def hidden_in_a_function() -> nn.Module:
    lost = either(name="hidden")
    return Holder(either(), rest=lambda x: lost(x))


class OwnForward(nn.Linear):
    """A forward of one instance."""

    def __init__(self) -> None:
        super().__init__(3, 3)
        self.forward = lambda x: x  # type: ignore[method-assign]


def circle() -> nn.Module:
    outer, other = OneOf({"a": either_named("q"), "b": linear}), OneOf({"a": either_named("p"), "b": linear})
    outer.name, other.name = "p", "q"
    return nn.Sequential(OneOf({"u": lambda: outer, "v": nn.Identity}), OneOf({"u": lambda: other, "v": nn.Identity}))


def either_named(name: str) -> Callable[[], nn.Module]:
    return lambda: either(name=name)


def unreachable() -> nn.Module:
    inner: Mapping[str | int, Callable[[], nn.Module]] = {"a": lambda: either(), "b": linear}
    return OneOf({"a": linear, "b": lambda: OneOf(inner, name="same")}, name="same")


def failing() -> nn.Module:
    raise RuntimeError("no such file")


def fickle() -> nn.Module:
    return nn.Sequential(either(), *[nn.ReLU() for _ in range(next(COUNTER))])


def fickle_shape() -> nn.Module:
    return nn.Sequential(nn.Linear(3, 3 + next(COUNTER)), OneOf({"a": nn.Identity, "b": nn.ReLU}))


def fickle_choice() -> nn.Module:
    return nn.Sequential(*[either() for _ in range(1 + next(COUNTER))])


COUNTER = iter(range(1, 100))


@pytest.mark.parametrize(
    "build, words",
    [
        (hidden_in_a_list, "OneOf.*hidden.*not found.*plain list"),
        (hidden_in_a_function, "OneOf.*hidden.*not found.*function"),
        (lambda: nn.Linear(3, 3), "one choice or more; received a network without"),
        (lambda: Holder(either(), rest=[nn.ReLU()]), "plain attribute 'rest'"),
        (lambda: Holder(either(), rest=either().modules), "not found|bound method"),
        (lambda: nn.Sequential(either(), OwnForward()), "forward of its own instance"),
        (lambda: nn.Sequential(either(), nn.LazyLinear(3)), "is lazy"),
        (lambda: nn.Sequential(either(name="n"), OneOf({"x": linear, "b": linear}, name="n")), "same options"),
        (lambda: nn.Sequential(either(name="n"), OneOf({"b": linear, "a": linear}, name="n")), "in the same order"),
        (lambda: nn.Sequential(either(), either(name="0")), "not the path of another choice; received '0'"),
        (circle, "in a circle; received .*'p'"),
        (unreachable, r"reached by some architecture; received '\[b\]\[a\]'"),
        (failing, "RuntimeError from it: no such file"),
        (lambda x: x, "without arguments; received TypeError"),
        (lambda: 3, "makes a torch.nn.Module; received int"),
        (3, "build is a function or class .* received 3"),
        (Holder(nn.ReLU()), "received a Holder that is made already"),
        (fickle, "same network each time; received other modules: at '[0-9]'"),
        (fickle_shape, "received other parameters and buffers: at '0.weight' "),
        (fickle_choice, "received other decisions"),
    ],
)
def test_networks(build: Any, words: str) -> None:
    refused(build, words)


def test_a_choice_that_was_replaced_is_no_loss() -> None:
    class Base(Holder):
        def __init__(self) -> None:
            super().__init__(OneOf({"old": linear, "older": linear}))

    def build() -> nn.Module:
        made = Base()
        made.body = either()
        return made

    assert OwnSpace(build, X).grammar.decisions[0].options == ("a", "b")


def test_too_many_states() -> None:
    """Whether the named choices are reached depends on which of 20 earlier decisions were alike."""

    def build() -> nn.Module:
        pairs = [[either(name=f"n{k}") for _ in range(2)] for k in range(20)]
        both = [OneOf({"in": lambda p=p: nn.Sequential(p[0]), "out": nn.Identity}) for p in pairs]
        last = OneOf({"in": lambda: nn.Sequential(*[p[1] for p in pairs]), "out": nn.Identity})
        return nn.Sequential(*both, last)

    refused(build, "at most 100,000 combinations")


def test_later_networks_must_be_alike_too() -> None:
    sizes = iter([2, 2, 3])
    space = OwnSpace(lambda: nn.Sequential(*[either() for _ in range(next(sizes))]), X)
    skeleton = space.skeleton(NetworkConfig(), Task(in_channels=3, image_size=(1, 1), num_classes=3))
    with pytest.raises(SettingError, match="other decisions than when the space was made"):
        skeleton.build_supernet()


def test_random_weights_are_alike() -> None:
    random.seed(0)
    assert OwnSpace(lambda: nn.Sequential(nn.Linear(3, 3), either()), X).grammar.count() == 2


# ---- running ----


def test_an_architecture_that_does_not_run_is_named() -> None:
    refused(
        lambda: nn.Sequential(OneOf({16: lambda: linear(16), 32: lambda: linear(32)}, name="width"), nn.Linear(16, 3)),
        r"RuntimeError from architecture '1' \(width = 32\): .*the same name",
    )


def test_a_nested_part_is_run_too() -> None:
    refused(
        lambda: nn.Sequential(
            OneOf({"a": lambda: OneOf({"c": linear, "bad": lambda: nn.Linear(7, 3)}), "b": linear}),
            OneOf({"a": lambda: OneOf({"c": linear, "bad": linear}), "b": linear}),
        ),
        r"architecture .*0\[a\] = bad",
    )


@pytest.mark.parametrize(
    "inputs, words",
    [
        ([], "one tensor or more"),
        ("x", "are a tensor"),
        (3, "are a tensor"),
        ({"input": [1, 2]}, "received list"),
        (torch.tensor(1.0), "first dimension .* received \\(\\)"),
        (torch.zeros(0, 3), "one or more; received \\(0, 3\\)"),
        ((torch.zeros(2, 3), torch.zeros(1, 3)), "equally many examples; received .2, 1."),
        ({"wrong": X}, "TypeError from architecture"),
    ],
)
def test_inputs(inputs: Any, words: str) -> None:
    refused(lambda: nn.Sequential(either()), words, inputs)


# ---- architectures ----


@pytest.mark.parametrize(
    "text, words",
    [
        ("0", "2 tokens, one for each decision; received 1"),
        ("0 x", "whole numbers; received 'x'"),
        ("2 0", r"tokens of decision '0' \(token 1\) are 0..1 \(0 a, 1 b\); received 2"),
        ("0 2", r"are 0..1"),
        ("1 0", r"decision '0\[a\]' \(token 2\) is not reached .* write 2, absent"),
    ],
)
def test_architectures(text: str, words: str) -> None:
    grammar = OwnSpace(lambda: nn.Sequential(OneOf({"a": either, "b": linear})), X).grammar
    assert [str(grammar.nth(k)) for k in range(3)] == ["0 0", "0 1", "1 2"]
    with pytest.raises(ArchitectureError, match=words):
        grammar.parse(text)
    for rank in (-1, 3):
        with pytest.raises(ArchitectureError, match="ranks are whole numbers"):
            grammar.nth(rank)
    for wrong in ((-1, 0), (9, 0), (0,)):
        with pytest.raises(ArchitectureError):
            grammar.decode(wrong)


class HalvesItsInput(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(either(), linear())

    def forward(self, x: Tensor) -> Any:
        return self.body(x.mul_(0.5))


def test_inputs_are_left_as_they_are() -> None:
    refused(HalvesItsInput, "a model leaves its inputs as they are.*changed in place: write `x = x \\* 2`")
    refused(lambda: nn.Sequential(nn.ReLU(inplace=True), either()), "changed in place")
    assert OwnSpace(lambda: nn.Sequential(linear(), nn.ReLU(inplace=True), either()), X).grammar.count() == 2
