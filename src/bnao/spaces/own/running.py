"""Running one construction as many networks, to see that they run and to count their multiply-adds.

Counts are made on the meta device, as everywhere (:mod:`bnao.cost.counting`), or, where the network does not run there,
on one real example.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from bnao.arch import Architecture
from bnao.call import call_network, tensors_of
from bnao.errors import SettingError
from bnao.spaces.frozen import train_mode
from bnao.spaces.own.conditions import Condition
from bnao.spaces.own.construction import Construction
from bnao.spaces.own.inputs import first_example, mapped
from bnao.spaces.own.resolving import resolved
from bnao.spaces.placing import keep_contiguous, network_inputs, place

if TYPE_CHECKING:
    from bnao.call import Inputs


def require_runs(made: Construction, architectures: list[Architecture], inputs: Inputs) -> None:
    """Raise SettingError naming the first of ``architectures`` whose network does not run on the first example."""
    example = first_example(inputs)
    made.module.eval()
    for architecture in architectures:
        with resolved(made.module, architecture) as network, _untouched():
            before = _versions(example)
            try:
                call_network(network, example)
            except Exception as error:
                tokens = zip(made.layout.decisions, architecture.tokens, strict=True)
                taken = [f"{d.label} = {d.options[token]}" for d, token in tokens if token < len(d.options)]
                shown = ", ".join(taken[:12]) + (", ..." if len(taken) > 12 else "")
                raise SettingError(
                    "every architecture runs on the example inputs (the first example, in eval mode); received "
                    f"{type(error).__name__} from architecture {str(architecture)!r} ({shown}): {error}; "
                    "let the options of a place take and give the same shapes, or make choices that must agree one "
                    "decision by the same name"
                ) from error
            if _versions(example) != before:
                raise SettingError(
                    "a model leaves its inputs as they are, for all architectures are scored on the same ones; "
                    f"received inputs that architecture {str(architecture)!r} changed in place: write `x = x * 2` for "
                    "`x.mul_(2)`, and let no layer that the inputs enter have inplace=True"
                )


def runs_channels_last(made: Construction, architectures: list[Architecture], inputs: Inputs) -> bool:
    """Whether placed as the networks of other spaces are (:func:`~bnao.spaces.placing.place`) these run, too.

    They are tried on the first example, twice, in eval and in training mode, and one that fails in contiguous memory
    as well is not held against it. What is tried is of no use afterwards.
    """
    network, example = made.module, first_example(inputs)
    twice = mapped(example, lambda tensor: torch.cat([tensor, tensor]))
    tensors = [*tensors_of(twice), *network.parameters(), *network.buffers()]
    if not any(tensor.dim() == 4 for tensor in tensors):
        return True
    trials = [(architecture, training) for training in (False, True) for architecture in architectures]
    place(network)
    failed = [trial for trial in trials if not _runs(network, *trial, network_inputs(twice))]
    keep_contiguous(network)
    place(network)
    return not any(_runs(network, *trial, twice) for trial in failed)


def _runs(network: nn.Module, architecture: Architecture, training: bool, inputs: Inputs) -> bool:
    train_mode(network) if training else network.eval()
    try:
        with resolved(network, architecture) as chosen, _untouched():
            call_network(chosen, inputs)
    except Exception:  # whatever the user's code does
        return False
    return True


def _versions(inputs: Inputs) -> list[int]:
    """How often each tensor was written to, as far as torch knows."""
    return [0 if tensor.is_inference() else tensor._version for tensor in tensors_of(inputs)]


class Runner:
    """Counts networks of one construction, which it keeps for itself; ``on_meta`` says on which device."""

    def __init__(self, made: Construction, inputs: Inputs, *, on_meta: bool) -> None:
        self._made, self.on_meta = made, on_meta
        example = first_example(inputs)
        if on_meta:
            made.module.to("meta")
            example = mapped(example, lambda tensor: tensor.to("meta"))
        made.module.eval()
        self._example = example

    def macs(self, architecture: Architecture) -> int:
        """Multiply-adds of the whole network for one example."""
        with resolved(self._made.module, architecture) as network, _untouched():
            with FlopCounterMode(display=False) as counter:
                call_network(network, self._example)
            return int(counter.get_total_flops()) // 2

    def macs_by_condition(self, architecture: Architecture) -> dict[Condition, int]:
        """Multiply-adds by the condition of the part of the network that makes them: the innermost that is called.

        A module that stands in several places counts as part of what calls it.
        """
        with resolved(self._made.module, architecture) as network, _untouched():
            with FlopCounterMode(display=False) as counter:
                ledger = _Ledger(counter)
                with ledger.watching(network, self._made.layout.conditions):
                    call_network(network, self._example)
            return {condition: flops // 2 for condition, flops in ledger.flops.items() if flops}


class _Ledger:
    """Books operations on the condition of the module that runs."""

    def __init__(self, counter: FlopCounterMode) -> None:
        self._counter, self._booked = counter, 0
        self._stack: list[Condition] = []
        self.flops: dict[Condition, int] = {}

    @contextmanager
    def watching(self, network: nn.Module, conditions: Mapping[int, Condition]) -> Iterator[None]:
        """Book what ``network`` does within the block."""
        handles: list[Any] = []
        for module in network.modules():
            condition = conditions.get(id(module))
            own = condition if condition is not None and len(condition) == 1 else None
            handles.append(module.register_forward_pre_hook(partial(self._enter, own), prepend=True))
            handles.append(module.register_forward_hook(self._leave, always_call=True))
        try:
            yield
        finally:
            for handle in handles:
                handle.remove()

    def _book(self) -> None:
        total = int(self._counter.get_total_flops())
        if self._stack:
            self.flops[self._stack[-1]] = self.flops.get(self._stack[-1], 0) + total - self._booked
        self._booked = total

    def _enter(self, own: Condition | None, module: nn.Module, inputs: object) -> None:
        self._book()
        inherited = self._stack[-1] if self._stack else frozenset({frozenset()})
        self._stack.append(inherited if own is None else own)

    def _leave(self, module: nn.Module, inputs: object, output: object) -> None:
        self._book()
        self._stack.pop()


def make_runner(construct: Callable[[], Construction], inputs: Inputs, trials: list[Architecture]) -> Runner:
    """A runner on the meta device where all of ``trials`` run there, else on real tensors."""
    try:
        runner = Runner(construct(), inputs, on_meta=True)
        for trial in trials:
            runner.macs(trial)
    except Exception:  # whatever the user's code does that meta tensors cannot
        return Runner(construct(), inputs, on_meta=False)
    return runner


@contextmanager
def _untouched() -> Iterator[None]:
    """No gradients, and no random numbers that would be missing elsewhere."""
    with torch.no_grad(), torch.random.fork_rng(devices=[]):
        yield
