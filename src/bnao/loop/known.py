"""Architectures that the user knows of, read by the grammar and held to the limits (imports no torch)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from bnao.arch import Architecture, Grammar
from bnao.cost.feasible import FeasibleSpace
from bnao.errors import ArchitectureError, SettingError
from bnao.loop.config import SearchConfig
from bnao.storage import RunFolder
from bnao.storage.pool_csv import Known, pool_entries, read_known


@dataclass(frozen=True)
class KnownArchitecture:
    """One distinct architecture, canonical, and the score that the user gave it (higher is better) or None."""

    architecture: Architecture
    score: float | None


def known_to(config: SearchConfig, feasible: FeasibleSpace) -> list[KnownArchitecture]:
    """The architectures of ``loop.known``; of ``supernet.source``, those of its pool that keep the limits.

    Raises BnaoError where they cannot be read, are no architectures of the space, or break the limits.
    """
    if config.supernet.source is not None:
        entries = pool_entries(RunFolder.open(config.supernet.source).pool_path)
        found = [feasible.grammar.parse(entry.text) for entry in entries]
        keeps_P = feasible.contains_each(found)
        return [KnownArchitecture(a, None) for a, kept in zip(found, keeps_P, strict=True) if kept]
    if config.loop.known is not None:
        return known_architectures(read_known(Path(config.loop.known)), feasible)
    return []


def known_architectures(known: Iterable[Known], feasible: FeasibleSpace) -> list[KnownArchitecture]:
    """The distinct architectures of ``known``, in order of first appearance; repeats are merged.

    Raises ArchitectureError, naming the place, for a text that is no architecture of the space; SettingError where one
    architecture has two different scores (naming both places), and where some break the limits (how many, and the
    first).
    """
    merged: dict[str, KnownArchitecture] = {}
    first: dict[str, str] = {}  # where the architecture stands first
    scored: dict[str, str] = {}  # where its score stands
    for item in known:
        architecture = _parse(item, feasible.grammar)
        before = merged.setdefault(architecture.id, KnownArchitecture(architecture, None))
        first.setdefault(architecture.id, item.where)
        if item.score is None:
            continue
        if before.score is not None and before.score != item.score:
            raise SettingError(
                f"an architecture has one score; {architecture.id} has {before.score!r} ({scored[architecture.id]}) "
                f"and {item.score!r} ({item.where}), symmetric forms being one architecture: keep one of them"
            )
        merged[architecture.id] = KnownArchitecture(architecture, item.score)
        scored.setdefault(architecture.id, item.where)
    _require_feasible(merged, first, feasible)
    return list(merged.values())


def _parse(item: Known, grammar: Grammar) -> Architecture:
    try:
        return grammar.canonical(grammar.parse(item.text))
    except ArchitectureError as error:
        raise ArchitectureError(f"{item.where}: {error}") from error


def _require_feasible(merged: dict[str, KnownArchitecture], first: dict[str, str], feasible: FeasibleSpace) -> None:
    keeps = feasible.contains_each([each.architecture for each in merged.values()])
    outside = [first[id] for id, kept in zip(merged, keeps, strict=True) if not kept]
    if outside:
        raise SettingError(
            f"known architectures keep the limits, {feasible.limits.describe()}; {len(outside)} of {len(merged)} do "
            f"not, the first in {outside[0]}: leave them out, or raise the limits"
        )
