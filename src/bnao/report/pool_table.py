"""What ``bnao pool`` prints: the pool's best architectures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from rich.console import Console

from bnao.report.format import count, magnitude
from bnao.report.page import Page, plain_table
from bnao.storage import PoolEntry
from bnao.storage.pool import latest_round

Order = Literal["score", "params", "macs"]


def ordered(entries: Sequence[PoolEntry], order: Order = "score", top: int | None = None) -> list[PoolEntry]:
    """The first ``top`` (None: all) entries by ``order``, ties in the order of the pool.

    ``score``: highest first, scores of the latest scoring round only (scores of different supernets are not
    comparable); the others follow in the order of the pool. ``params`` and ``macs``: smallest first.
    """
    last = latest_round(entries)

    def key(entry: PoolEntry) -> tuple[bool, float]:
        if order == "score":
            comparable = entry.score is not None and entry.score_round == last
            return not comparable, -(entry.score or 0.0) if comparable else 0.0
        return False, entry.num_params if order == "params" else entry.macs

    return sorted(entries, key=key)[:top]


def print_pool(entries: Sequence[PoolEntry], console: Console, *, order: Order = "score", top: int = 20) -> None:
    """Print the first ``top`` entries by ``order`` as a table, with the number of all."""
    page, shown = Page(console), ordered(entries, order, top)
    words = {"score": "best score first", "params": "fewest parameters first", "macs": "fewest multiply-adds first"}
    some = f", {len(shown)} of them shown" if len(shown) < len(entries) else ""
    page.heading(f"Pool: {count(len(entries))} architectures, {words[order]}{some}")
    if not entries:
        page.paragraph("The pool is empty: nothing was drawn yet.")
        return
    table = plain_table()
    for name in ("score", "predicted", "params", "madds"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("origin (round)", no_wrap=True)
    table.add_column("architecture", overflow="fold")
    for entry in shown:
        table.add_row(
            _number(entry.score), _number(entry.predicted), magnitude(entry.num_params), magnitude(entry.macs),
            f"{entry.origin} ({entry.round})", entry.text,
        )  # fmt: skip
    page.table(table)


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.4f}"
