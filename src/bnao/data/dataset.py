"""Examples of the user's own torch ``Dataset`` or ``DataLoader``.

Shapes: N examples, B batch.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import (
    BatchSampler,
    DataLoader,
    Dataset,
    IterableDataset,
    RandomSampler,
    SequentialSampler,
    TensorDataset,
    default_collate,
)

from bnao.data.examples import Batch, Examples
from bnao.errors import DataError, SettingError

Collate = Callable[[list[Any]], Any]
Prepare = Callable[[Any], Batch]
PROBES = 64
"""Examples of a dataset, evenly spread, that its fingerprint is made from."""


@dataclass(frozen=True, eq=False, kw_only=True)
class DatasetExamples(Examples):
    """The examples ``rows_N`` of ``datasets``, one after the other, collated to batches and prepared.

    ``collate`` makes a batch from a list of examples, as a DataLoader does; ``prepare`` makes ``(inputs, targets)`` of
    that: inputs are a tensor, or a tuple or dict of several; the default takes a pair. What a dataset draws at random
    (torch, numpy's global generator, ``random``) follows torch's generator, so that a resumed run draws the same.
    """

    datasets: tuple[Dataset[Any], ...]
    rows_N: NDArray[np.int64]
    collate: Collate = default_collate
    prepare: Prepare | None = None
    on_device: torch.device = field(default_factory=lambda: torch.device("cpu"))
    classes_N: NDArray[np.int64] | None = None

    def __len__(self) -> int:
        return len(self.rows_N)

    @property
    def device(self) -> torch.device:
        """Where batches go."""
        return self.on_device

    def to(self, device: torch.device | str) -> DatasetExamples:
        """Batches on ``device``; tables of tensors are moved there once."""
        target = torch.device(device)
        moved = tuple(
            TensorDataset(*(t.to(target) for t in data.tensors)) if type(data) is TensorDataset else data
            for data in self.datasets
        )
        return replace(self, datasets=moved, on_device=target)

    def batch(self, index_B: Tensor | slice) -> Batch:
        """Collated and prepared. Raises DataError where the dataset or ``prepare`` gives no batch."""
        rows = self.rows_N[index_B if isinstance(index_B, slice) else index_B.cpu().numpy()]
        tensors = _table(self.datasets)
        if tensors is not None and self.collate is default_collate:
            index = torch.from_numpy(rows).to(tensors[0].device)
            raw: Any = [t[index] for t in tensors]
        else:
            with _seeded():
                try:
                    raw = self.collate([self._example(int(row)) for row in rows])
                except (TypeError, ValueError, RuntimeError, KeyError, IndexError) as error:
                    raise DataError(
                        f"examples of the dataset are collated to batches; it raised {type(error).__name__}: {error}: "
                        "give all examples one form, or a DataLoader with a collate_fn that can"
                    ) from error
        return self._prepared(raw)

    def _example(self, row: int) -> Any:
        for data in self.datasets:
            num = _length(data)
            if row < num:
                return data[row]
            row -= num
        raise AssertionError("rows are below the sum of the lengths")

    def _prepared(self, raw: Any) -> Batch:
        pair = self.prepare(raw) if self.prepare is not None else raw
        if not isinstance(pair, (tuple, list)) or len(pair) != 2 or not isinstance(pair[1], Tensor):
            raise DataError(
                f"a batch is a pair (inputs, targets), targets a tensor; received {_describe(pair)}: give "
                "prepare=, a function that makes such a pair from what your data give"
            )
        inputs, targets = pair
        return _moved(inputs, self.on_device), targets.to(self.on_device)

    def take(self, index_B: Tensor) -> DatasetExamples:
        """Those rows alone."""
        index = index_B.cpu().numpy()
        classes = None if self.classes_N is None else self.classes_N[index]
        return replace(self, rows_N=self.rows_N[index], classes_N=classes)

    def joined(self, other: DatasetExamples) -> DatasetExamples:
        """Both, collated and prepared as these are."""
        shift = sum(_length(data) for data in self.datasets)
        same = [a is b for a, b in zip(self.datasets, other.datasets, strict=False)]
        if len(self.datasets) == len(other.datasets) and all(same):
            datasets, shift = self.datasets, 0
        else:
            datasets = self.datasets + other.datasets
        both = self.classes_N is not None and other.classes_N is not None
        return replace(
            self,
            datasets=datasets,
            rows_N=np.concatenate([self.rows_N, other.rows_N + shift]),
            classes_N=np.concatenate([self.classes_N, other.classes_N]) if both else None,
        )

    def classes(self) -> NDArray[np.int64] | None:
        """Known where targets are whole numbers, one for each example."""
        return self.classes_N

    def fingerprint(self) -> str:
        """SHA-256 of the number of examples and of :data:`PROBES` of them."""
        digest = hashlib.sha256(repr((len(self), self.rows_N[:PROBES].tolist())).encode())
        picked = np.unique(np.linspace(0, len(self) - 1, min(PROBES, len(self))).astype(np.int64))
        with torch.random.fork_rng(devices=[]):
            torch.default_generator.manual_seed(0)
            inputs, targets = self.batch(torch.from_numpy(picked))
        for tensor in [*_tensors(inputs), targets]:
            plain = tensor.detach().cpu().contiguous()
            digest.update(repr((tuple(plain.shape), str(plain.dtype))).encode())
            digest.update(plain.view(torch.uint8).numpy().data if plain.dim() else plain.numpy().tobytes())
        return digest.hexdigest()


def own_examples(data: Any, prepare: Prepare | None, name: str) -> DatasetExamples:
    """``data``, a map-style Dataset or a DataLoader over one, as examples; ``name`` is the argument's, for errors.

    Of a DataLoader its dataset and ``collate_fn`` are used; order and batch size are the search's. Reads every target
    once where the dataset can tell them without its inputs (``tensors``, ``targets`` or ``labels``), else not.
    """
    collate: Collate = default_collate
    if isinstance(data, DataLoader):
        _refuse_sampler(data, name)
        collate, data = cast(Collate, data.collate_fn), data.dataset
    if isinstance(data, (tuple, list)) and len(data) == 2 and all(isinstance(t, (Tensor, np.ndarray)) for t in data):
        if len(data[0]) != len(data[1]):
            raise DataError(
                f"{name} is as many targets as inputs; received {len(data[0])} inputs and {len(data[1])} targets: give "
                "one for each"
            )
        data = TensorDataset(*(torch.as_tensor(t) for t in data))
    if isinstance(data, IterableDataset) or not (callable(getattr(data, "__getitem__", None)) and _sized(data)):
        raise DataError(
            f"{name} is a Dataset with a length whose examples have numbers, a DataLoader over one, or a pair of "
            f"tensors (inputs, targets); received {type(data).__name__}: a search visits examples by their numbers, so "
            "that it can be resumed; write such a Dataset around your data"
        )
    num = _length(data)
    if num < 2:
        raise DataError(f"{name} holds at least 2 examples; received {num}: add examples")
    examples = DatasetExamples(
        datasets=(data,), rows_N=np.arange(num, dtype=np.int64), collate=collate, prepare=prepare
    )
    return replace(examples, classes_N=_classes(examples))


def _refuse_sampler(loader: DataLoader[Any], name: str) -> None:
    plain = type(loader.sampler) in (SequentialSampler, RandomSampler) or loader.sampler is None
    if not plain or (loader.batch_sampler is not None and type(loader.batch_sampler) is not BatchSampler):
        raise SettingError(
            f"the order of examples is the search's, so that it can be resumed; {name} is a DataLoader with a sampler "
            f"of its own ({type(loader.sampler).__name__}): give its dataset, and class_weights where the sampler was "
            "to balance classes"
        )


def _classes(examples: DatasetExamples) -> NDArray[np.int64] | None:
    """From the targets where they can be read without the inputs, or from a pass over a dataset of few examples."""
    tensors = _table(examples.datasets)
    known: Any = None
    if tensors is not None and examples.prepare is None and len(tensors) == 2:
        known = tensors[1]
    elif examples.prepare is None:
        data = examples.datasets[0]
        for attribute in ("targets", "labels"):
            value = getattr(data, attribute, None)
            if isinstance(value, (Sequence, np.ndarray, Tensor)) and len(value) == len(examples):
                known = value
                break
    if known is None:
        return None
    try:
        found = torch.as_tensor(known)
    except (TypeError, ValueError):
        return None
    if found.dim() != 1 or found.is_floating_point() or found.dtype == torch.bool:
        return None
    return np.asarray(found.cpu().numpy().astype(np.int64))


def _table(datasets: tuple[Dataset[Any], ...]) -> tuple[Tensor, ...] | None:
    if len(datasets) == 1 and type(datasets[0]) is TensorDataset:
        return datasets[0].tensors
    return None


def _sized(data: object) -> bool:
    try:
        return len(data) >= 0  # type: ignore[arg-type]
    except TypeError:
        return False


def _length(data: Any) -> int:
    return len(data)


@contextmanager
def _seeded() -> Iterator[None]:
    """numpy's and Python's global generators, seeded from torch's for the time of a fetch."""
    seed = int(torch.randint(2**31 - 1, (1,)))
    numpy_state, python_state = np.random.get_state(), random.getstate()
    np.random.seed(seed)
    random.seed(seed)
    try:
        yield
    finally:
        np.random.set_state(numpy_state)
        random.setstate(python_state)


def _moved(value: Any, device: torch.device) -> Any:
    if isinstance(value, Tensor):
        return value.to(device)
    if isinstance(value, Mapping):
        return {name: _moved(item, device) for name, item in value.items()}
    if isinstance(value, (tuple, list)):
        return tuple(_moved(item, device) for item in value)
    return value


def _tensors(value: Any) -> list[Tensor]:
    if isinstance(value, Tensor):
        return [value]
    if isinstance(value, Mapping):
        return [t for item in value.values() for t in _tensors(item)]
    if isinstance(value, (tuple, list)):
        return [t for item in value for t in _tensors(item)]
    return []


def _describe(value: Any) -> str:
    if isinstance(value, (tuple, list)):
        return f"{type(value).__name__} of {len(value)} ({', '.join(type(item).__name__ for item in value[:4])})"
    return type(value).__name__
