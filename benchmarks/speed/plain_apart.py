"""The plain supernet of :mod:`baseline` in a process of its own: what ours tells the allocator is nothing to it."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection

import networks
import torch
from baseline import Node, PlainSupernet, PlainTraining
from timing import seconds

from bnao.arch import Architecture
from bnao.spaces.nao_cell.grammar import NaoCellGrammar

PROGRESS = 0.5  # of the training: drop-paths are half as strong as at its end
Call = Callable[[Architecture, int], float]


def nodes_of(grammar: NaoCellGrammar, architecture: Architecture) -> tuple[list[Node], list[Node]]:
    """The normal and the reduction cell as the plain supernet reads them."""
    normal, reduction = grammar.nodes_of(architecture.tokens)
    return list(normal), list(reduction)


@contextmanager
def plain_apart(*sizes: int) -> Iterator[tuple[Call, int]]:
    """Seconds of a step of an architecture of :func:`networks.nao_cell` of these sizes, with so many threads; and how
    many parameters a step moves."""
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=_serve, args=(sizes, there), daemon=True)
    process.start()
    there.close()

    def call(architecture: Architecture, threads: int) -> float:
        here.send((architecture, threads))
        return float(here.recv())

    try:
        yield call, int(here.recv())
    finally:
        here.close()
        process.join()


def _serve(sizes: tuple[int, ...], end: Connection) -> None:
    """Take steps until the other end is closed."""
    case = networks.nao_cell(*sizes)
    torch.manual_seed(0)
    network = PlainSupernet(
        cells_per_stage=sizes[0], channels=sizes[1], classes=networks.CLASSES, nodes=5, drop_path_keep=0.9
    )
    plain = PlainTraining(network)
    x, labels = case.images(case.batch).batch(slice(0, case.batch))
    x = x.contiguous()
    end.send(len(plain.parameters))
    try:
        while True:
            architecture, threads = end.recv()
            torch.set_num_threads(threads)
            normal, reduction = nodes_of(case.space.grammar, architecture)  # type: ignore[arg-type]
            end.send(seconds(lambda n=normal, r=reduction: plain.step(x, labels, n, r, PROGRESS)))
    except EOFError:
        return
