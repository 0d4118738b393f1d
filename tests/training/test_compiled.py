"""Compiled operations: close to plain steps, exact again, nothing left behind, errors that say what to do."""

from __future__ import annotations

import copy
import pickle
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path as File
from typing import Any

import numpy as np
import pytest
import torch
import torch._dynamo as dynamo
from tests.loop.conftest import MICRO
from tests.training.test_loop import _learnable
from torch import nn

import bnao
import bnao.api as api
from bnao.data.config import AugmentConfig
from bnao.errors import SettingError
from bnao.sampling.base import Policy, StepPlan
from bnao.settings import update
from bnao.spaces import load_spaces
from bnao.spaces.base import Built, Skeleton, make_space
from bnao.spaces.config import NetworkConfig, SpaceConfig
from bnao.spaces.own import OwnSpace
from bnao.spaces.progress import DropPath
from bnao.supernet import Path, StandAlone, Supernet
from bnao.task import Task
from bnao.training import compiled as compiling
from bnao.training.compiled import compiled, require_compiler
from bnao.training.config import TrainingConfig
from bnao.training.loop import Hooks, Weights, train

pytestmark = pytest.mark.filterwarnings("ignore:The .grad attribute of a Tensor:UserWarning")  # of torch's tracer
TASK = Task(in_channels=3, image_size=(8, 8), num_classes=4)
CONFIG = TrainingConfig(
    epochs=2, batch_size=16, learning_rate=0.1, augment=AugmentConfig(flip=False), compile="operations"
)
SPACES = {
    "nao_cell": SpaceConfig(nodes=2),
    "nasbench201": SpaceConfig(name="nasbench201"),
    "mobile": SpaceConfig(name="mobile", depths="1,2,1", kernels="3", expansions="1,2"),
}
Call = Callable[..., Any]


@pytest.fixture(autouse=True)
def _nothing_compiled_before() -> Iterator[None]:
    require_compiler.cache_clear()
    dynamo.reset()
    yield
    require_compiler.cache_clear()
    dynamo.reset()


@pytest.fixture
def traced(monkeypatch: pytest.MonkeyPatch) -> None:
    """The tracer of torch.compile alone: no code is generated, so no compiler is needed, and little time."""
    monkeypatch.setattr(compiling, "require_compiler", lambda device: None)
    call = torch.compile(compiling._call, backend="eager", dynamic=False)
    monkeypatch.setattr(compiling, "_compiled_call", lambda: call)
    monkeypatch.setattr("bnao.training.loop.require_compiler", lambda device: None)


class Block(nn.Module):
    def __init__(self, bias: bool) -> None:
        super().__init__()
        self.linear, self.norm = nn.Linear(12, 12, bias=bias), nn.BatchNorm1d(12)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.norm(self.linear(x)).relu()


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Linear(192, 12)
        self.block = bnao.OneOf({"one": lambda: Block(True), "skip": nn.Identity})
        self.deep = bnao.Repeat(lambda: Block(True), times=(1, 2))
        self.head = nn.Linear(12, 4)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(self.deep(self.block(self.first(x.flatten(1)))))


class Random(Policy):
    """A random architecture each step."""

    def __init__(self, grammar: Any) -> None:
        self.grammar = grammar

    def plan(self, step: int, rng: np.random.Generator) -> StepPlan:
        return StepPlan(paths=tuple(self.grammar.sample(1, rng)), loss_weights=(1.0,))


class Memory:
    """Keeps the state after step ``at``; or gives one back."""

    def __init__(self, at: int = 0, state: Mapping[str, Any] | None = None) -> None:
        self.at, self.state, self.step = at, state, 0

    def load(self) -> Mapping[str, Any] | None:
        return self.state

    def due(self) -> bool:
        self.step += 1
        return self.step == self.at

    def save(self, state: Mapping[str, Any]) -> None:
        self.state = copy.deepcopy(dict(state))


def own() -> OwnSpace:
    torch.manual_seed(0)
    return OwnSpace(Net, torch.randn(4, 3, 8, 8))


def trained(config: TrainingConfig, saves: Memory | None = None) -> Supernet:
    space = own()
    torch.manual_seed(0)
    supernet = Supernet(space.skeleton(NetworkConfig(), None).build_supernet())
    train(
        Weights.fresh(supernet, config), Random(space.grammar), _learnable(), config, seed=1, stage="s", saves=saves
    )  # fmt: skip
    return supernet


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # within torch
@pytest.mark.skipif(shutil.which("g++") is None, reason="no C++ compiler")
def test_a_training_with_the_real_compiler(monkeypatch: pytest.MonkeyPatch) -> None:
    """Close to the plain one, equal to the bit again, across an end after step 3 too; the modules are plain then."""
    monkeypatch.delenv("CXX", raising=False)
    saves = Memory(3)
    first, plain = trained(CONFIG, saves), trained(replace(CONFIG, compile="off"))
    assert dynamo.utils.counters["stats"]["unique_graphs"] > 0
    dynamo.reset()
    resumed = trained(CONFIG, Memory(state=saves.state))
    for name, value in first.root.state_dict().items():
        assert torch.equal(value, resumed.root.state_dict()[name]), name
        torch.testing.assert_close(value, plain.root.state_dict()[name], rtol=1e-3, atol=1e-4, msg=name)
    a = own().grammar.sample(1, np.random.default_rng(0))[0]
    path = first.path(a)
    assert all(part._compiled_call_impl is None for part in [*first.root.modules(), *path.modules()])
    assert list(path.state_dict()) == list(plain.path(a).state_dict())


def skeleton_of(name: str) -> Skeleton:
    load_spaces()
    cells: dict[str, Any] = {} if name == "mobile" else {"cells_per_stage": 1}
    network = NetworkConfig(channels=4, output="project", drop_path_keep=0.5, **cells)
    return make_space(SPACES[name]).skeleton(network, TASK)


@pytest.mark.parametrize("name", SPACES)
def test_new_paths_compile_only_new_operations(name: str, traced: None) -> None:
    """Forms are bounded by the kinds of operations, not by paths, and a drop-path that grows compiles nothing anew."""
    skeleton = skeleton_of(name)
    torch.manual_seed(0)
    supernet = Supernet(skeleton.build_supernet())
    supernet.start_training()
    x, kinds = torch.randn(4, 3, 8, 8).contiguous(memory_format=torch.channels_last), set()
    dynamo.utils.counters.clear()
    for number, a in enumerate(skeleton.grammar.sample(12, np.random.default_rng(0))):
        supernet.progress.value = number / 12
        path = supernet.entry(a)
        assert path.operations is not None
        assert not any(isinstance(part, DropPath) for operation in path.operations for part in operation.modules())
        hooks = [
            operation.register_forward_pre_hook(lambda m, inputs: kinds.add((repr(m), inputs[0].shape)))
            for operation in path.operations
            if type(operation) is not nn.Identity
        ]
        state = torch.get_rng_state()
        plain = path.module(x)
        for hook in hooks:
            hook.remove()
        torch.set_rng_state(state)
        with compiled(path):
            outputs = path.module(x)
        torch.testing.assert_close(outputs, plain, rtol=1e-3, atol=1e-3)
        outputs.square().mean().backward()
    forms = dynamo.utils.counters["stats"]["unique_graphs"]
    assert 0 < forms <= 2 * len(kinds), (forms, len(kinds))  # twice: whether the input needs a gradient is a difference


@pytest.mark.parametrize("name", SPACES)
def test_a_stand_alone_network_has_the_operations_of_the_path(name: str) -> None:
    skeleton = skeleton_of(name)
    supernet = Supernet(skeleton.build_supernet())
    for a in skeleton.grammar.sample(5, np.random.default_rng(1)):
        alone, path = StandAlone(skeleton.build_standalone(a)).entry(a).operations, supernet.entry(a).operations
        assert alone is not None and path is not None and list(map(repr, alone)) == list(map(repr, path))


def test_operations_of_ones_own_model() -> None:
    space = own()
    skeleton = space.skeleton(NetworkConfig(), None)
    for a in space.grammar.sample(4, np.random.default_rng(0)):
        module = skeleton.build_standalone(a)
        found = StandAlone(module).entry(a).operations
        assert found is not None and {type(part) for part in found} <= {Block, nn.Identity} and 2 <= len(found) <= 3
        assert all(any(part is other for other in module.module.modules()) for part in found)


def test_within_a_step_alone(traced: None) -> None:
    """Copies and pickles that a step's own hooks make are plain; what a user compiled stays compiled."""
    skeleton = skeleton_of("nao_cell")
    a = skeleton.grammar.sample(1, np.random.default_rng(0))[0]
    path = StandAlone(skeleton.build_standalone(a)).entry(a)
    assert path.operations is not None
    users = partial(path.operations[0]._call_impl)
    path.operations[0]._compiled_call_impl = users
    with compiled(path):
        assert path.operations[0]._compiled_call_impl is not users
        copied = copy.deepcopy(path.module)
        assert isinstance(pickle.loads(pickle.dumps(path.module)), nn.Module)
    assert all(part._compiled_call_impl is None for part in copied.modules())
    assert [part._compiled_call_impl for part in path.operations] == [users, *[None] * (len(path.operations) - 1)]


def test_what_cannot_be_compiled_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(graph: Any, inputs: Any) -> Call:
        raise ValueError("no code for this")

    call = torch.compile(compiling._call, backend=refuse, dynamic=False)
    monkeypatch.setattr(compiling, "_compiled_call", lambda: call)
    skeleton = skeleton_of("nasbench201")
    a = skeleton.grammar.parse("|nor_conv_3x3~0|+|none~0|none~1|+|skip_connect~0|none~1|none~2|")
    path = StandAlone(skeleton.build_standalone(a)).entry(a)
    with pytest.raises(SettingError, match=r"cannot take one of these \(.*\): set compile to off"), compiled(path):
        path.module(torch.randn(2, 3, 8, 8))
    built = Built(nn.Linear(2, 2), skeleton.build_standalone(a).progress)
    with pytest.raises(SettingError, match="needs a space that names the operations"), compiled(Path.of(built.module)):
        pass


def test_a_missing_compiler_is_told_before_anything_is_trained(tmp_path: File, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CXX", "no-such-compiler")
    config = update(MICRO, {"final": {"training": {"compile": "operations"}}})
    with pytest.raises(SettingError, match=r"needs a C\+\+ compiler on a CPU; received 'no-such-compiler, which"):
        api.search(config, tmp_path / "run", recipe="micro")
    assert not (tmp_path / "run").exists()
    with pytest.raises(SettingError, match="compile is off or operations"):
        TrainingConfig(compile="all")  # type: ignore[arg-type]


def test_a_compiler_that_fails_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: File) -> None:
    broken = tmp_path / "g++"
    broken.write_text("#!/bin/sh\nexit 1\n")
    broken.chmod(0o755)
    monkeypatch.setenv("CXX", str(broken))

    def fail(*arguments: Any, **named: Any) -> Call:
        def call(x: torch.Tensor) -> torch.Tensor:
            raise RuntimeError("Python.h: No such file\nsecond line")

        return call

    monkeypatch.setattr(torch, "compile", fail)
    with pytest.raises(SettingError, match=r"failed \(Python.h: No such file\): mend the compiler"):
        require_compiler("cpu")
    with pytest.raises(SettingError, match="needs the package triton on cuda"):
        monkeypatch.setattr(compiling, "find_spec", lambda name: None)
        require_compiler("cuda")


def test_hooks_hear_of_steps(traced: None) -> None:
    """A training runs through, its paths compiled and made plain step by step."""
    space, heard = own(), []
    supernet = Supernet(space.skeleton(NetworkConfig(), None).build_supernet())
    hooks = Hooks(on_step=lambda done, figures: heard.append(done))
    train(Weights.fresh(supernet, CONFIG), Random(space.grammar), _learnable(), CONFIG, seed=1, stage="s", hooks=hooks)
    assert heard == list(range(1, 9))
