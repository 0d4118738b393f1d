"""Where the forward of the user's network can be cut, so that networks which begin alike share their beginning.

The network's own ``forward`` is traced with torch.fx, its direct parts as black boxes. Where exactly one value passes
from what was called so far to what comes after, it can be cut; parts that are ``nn.Sequential`` are cut further, and
choices in such places are stages of their own. A forward that cannot be traced (control flow that depends on data),
that reads tensors of its own, or in which a module with buffers stands in two stages, stays whole. What was cut is
tried on the example inputs: it must give the network's own outputs to the bit, and each stage the same when it is run
again alone, or nothing is cut.

What remains the user's promise is what sharing means: a part's output depends on its input and its weights alone.
``scoring.cache_mb = 0`` takes back the reliance on it. (A part that keeps its *last* input or output for a later part,
as a skip connection by a side door does, is safe: chains are walked depth first.)
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import fx, nn

from bnao.arch import Architecture
from bnao.call import call_network, tensors_of
from bnao.spaces.own.construction import Construction
from bnao.spaces.own.open_choice import OpenChoice
from bnao.spaces.own.resolving import resolved
from bnao.spaces.stages import Stage, StagesOf, whole

if TYPE_CHECKING:
    from bnao.call import Inputs

TRIALS = 3
"""Architectures that the cuts are tried on."""


@dataclass(frozen=True)
class Cuts:
    """The segments of a forward, in order; none: it stays whole."""

    segments: tuple[Segment, ...] = ()

    def of(self, root: nn.Module) -> StagesOf:
        """The stages of networks of ``root``."""
        if not self.segments:
            return whole(root)

        def stages(architecture: Architecture) -> list[Stage]:
            found = [stage for segment in self.segments for stage in segment.stages(root, architecture)]
            return found if _are_apart(found) else [Stage(architecture.tokens, root)]

        return stages


def find_cuts(made: Construction, architectures: Sequence[Architecture], inputs: Inputs) -> Cuts:
    """The cuts of a network that is thrown away afterwards, tried on one example with some of ``architectures``."""
    made.module.eval()
    cuts = Cuts(_segments(made.module, inputs))
    tried = architectures[:TRIALS]
    return cuts if cuts.segments and all(_is_exact(made.module, cuts, a, inputs) for a in tried) else Cuts()


@dataclass(frozen=True)
class Segment:
    """What stands between two cuts: operations of the traced forward, from the value ``source`` to ``result``.

    The first one has no source: it takes the network's inputs. ``defaults`` are arguments of the forward that no input
    gives.
    """

    nodes: tuple[fx.Node, ...]
    source: fx.Node | None
    result: fx.Node
    defaults: tuple[fx.Node, ...]

    @property
    def calls(self) -> list[str]:
        """Names of the parts that are called, each once."""
        return list(dict.fromkeys(str(node.target) for node in self.nodes if node.op == "call_module"))

    @property
    def is_one_call(self) -> bool:
        """Whether it does nothing but to call one part with the value from before."""
        if len(self.nodes) != 1 or self.nodes[0].op != "call_module":
            return False
        return self.nodes[0].args == (self.source,) and not self.nodes[0].kwargs

    def stages(self, root: nn.Module, architecture: Architecture) -> Iterator[Stage]:
        """The stages of this segment."""
        if self.is_one_call:
            yield from _of_part(root.get_submodule(self.calls[0]), architecture)
            return
        parts = {name: root.get_submodule(name) for name in self.calls}
        choices = [module for part in parts.values() for module in part.modules() if isinstance(module, OpenChoice)]
        yield Stage((self.result.name, _decided(choices, architecture)), _Operations(self, parts))


class _Operations(nn.Module):
    """Runs a segment: the network's inputs, or the value from before -> the value that passes on."""

    def __init__(self, segment: Segment, parts: Mapping[str, nn.Module]) -> None:
        super().__init__()
        self.segment, self.names = segment, list(parts)
        self.parts = nn.ModuleList(parts.values())

    def forward(self, *inputs: Any, **named: Any) -> Any:
        segment, given = self.segment, iter(inputs)
        values: dict[fx.Node, Any] = {node: node.args[0] for node in segment.defaults}
        if segment.source is not None:
            values[segment.source] = inputs[0]
        parts = dict(zip(self.names, self.parts, strict=True))

        def run(node: fx.Node) -> Any:
            args, kwargs = fx.node.map_arg((node.args, node.kwargs), lambda n: values[n])
            if node.op == "placeholder":
                name = str(node.target)
                return named[name] if name in named else next(given)
            if node.op == "call_module":
                return parts[str(node.target)](*args, **kwargs)
            if node.op == "call_method":
                return getattr(args[0], str(node.target))(*args[1:], **kwargs)
            assert callable(node.target), "what is left is a function"
            return node.target(*args, **kwargs)

        for node in segment.nodes:
            values[node] = run(node)
        return values[segment.result]


class _Outside(fx.Tracer):
    """Traces the forward of the network alone."""

    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        return True


def _segments(root: nn.Module, inputs: Inputs) -> tuple[Segment, ...]:
    try:
        graph = _Outside().trace(root)
    except Exception:  # whatever the user's forward does that a trace cannot
        return ()
    *nodes, output = graph.nodes
    if any(node.op == "get_attr" or str(node.target).startswith("*") for node in nodes):
        return ()
    arguments = [node for node in nodes if node.op == "placeholder"]
    if isinstance(inputs, Mapping):
        defaults = [node for node in arguments if node.target not in inputs]
    else:
        defaults = arguments[len(tensors_of(inputs)) :]
    if not all(node.args for node in defaults):
        return ()
    nodes = [node for node in nodes if node not in defaults]
    last = {used: place for place, node in enumerate([*nodes, output]) for used in node.all_input_nodes}
    found: list[Segment] = []
    held: list[fx.Node] = []
    source: fx.Node | None = None
    for place, node in enumerate(nodes):
        held.append(node)
        passing = [n for n in nodes[: place + 1] if last.get(n, -1) > place]
        if passing == [node] and place + 1 >= len(arguments) - len(defaults):  # all inputs are in
            found.append(Segment(tuple(held), source, node, tuple(defaults)))
            held, source = [], node
    return tuple(found) if not held and found and output.args == (found[-1].result,) else ()


def _of_part(part: nn.Module, architecture: Architecture) -> Iterator[Stage]:
    """The stages of a part that is called with one value: a chain is cut further, identity is left out."""
    if isinstance(part, OpenChoice):
        yield from _of_part(part.resolve(architecture), architecture)
    elif type(part) is nn.Sequential:
        for below in part:
            yield from _of_part(below, architecture)
    elif type(part) is not nn.Identity:
        choices = [module for module in part.modules() if isinstance(module, OpenChoice)]
        yield Stage((id(part), _decided(choices, architecture)), part)


def _decided(choices: Sequence[OpenChoice], architecture: Architecture) -> tuple[int, ...]:
    positions = sorted({choice.position for choice in choices if choice.position is not None})
    return tuple(architecture.tokens[position] for position in positions)


def _are_apart(stages: Sequence[Stage]) -> bool:
    """Whether no module with buffers, whose statistics would be measured twice, stands in two stages."""
    seen: set[int] = set()
    for stage in stages:
        buffered = {id(module) for module in stage.part.modules() if module._buffers}
        if buffered & seen:
            return False
        seen |= buffered
    return bool(stages)


def _is_exact(root: nn.Module, cuts: Cuts, architecture: Architecture, inputs: Inputs) -> bool:
    """Whether the stages give the network's outputs to the bit, and each, run again alone, what it gave before.

    They are run again from the last to the first, so that one that consumes what an earlier one left does not find it.
    Stages that draw random numbers do not give what they gave.
    """
    stages = cuts.of(root)(architecture)

    def run(depth: int, value: Any) -> Any:
        with resolved(stages[depth].part, architecture) as part:
            return part(value) if depth else call_network(part, value)

    with torch.no_grad(), torch.random.fork_rng(devices=[]):
        with resolved(root, architecture) as network:
            wanted = call_network(network, copy.deepcopy(inputs))
        try:
            values: list[Any] = [inputs]
            for depth in range(len(stages)):
                values.append(run(depth, copy.deepcopy(values[depth])))
            again = (run(depth, copy.deepcopy(values[depth])) for depth in reversed(range(len(stages))))
            repeats = all(_same(new, old) for new, old in zip(again, reversed(values), strict=False))
        except Exception:  # whatever the user's parts do that does not bear it
            return False
    return repeats and _same(wanted, values[-1])


def _same(a: Any, b: Any) -> bool:
    if isinstance(a, torch.Tensor) and isinstance(b, torch.Tensor):
        return torch.equal(a, b)
    if type(a) in (tuple, list) and type(a) is type(b) and len(a) == len(b):
        return all(_same(x, y) for x, y in zip(a, b, strict=True))
    return type(a) is type(b) and bool(a == b)
