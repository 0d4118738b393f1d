"""The manifest of a run: which files make up its present state, and what made them."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any, Literal

from bnao.errors import RunError
from bnao.storage.checksum import take_checksum, with_checksum
from bnao.storage.files import read_json, write_json
from bnao.storage.plain import from_dict, to_plain

FORMAT = "bnao-run"
VERSION = 2  # 2: the pool's digest, predictions of the controller, what a resumed run needs
FILE_NAME = "manifest.json"

Status = Literal["running", "finished"]
Kind = Literal["search", "training", "ranking"]


@dataclass(frozen=True, kw_only=True)
class FileRecord:
    """One file of the present state: its place in the run folder, and what it must contain."""

    file: str
    sha256: str
    bytes: int
    generation: int  # the commit that wrote it


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """What a run is. Times are UTC, ISO 8601."""

    recipe: str
    config: dict[str, Any]
    created: str
    updated: str
    versions: dict[str, str]
    format: str = FORMAT
    version: int = VERSION
    kind: Kind = "search"  # what is run: a search, the ranking of one, or the last training of one network
    note: dict[str, str] = field(default_factory=dict)  # what the settings do not say, as the run was begun with it
    generation: int = 0
    status: Status = "running"
    files: dict[str, FileRecord] = field(default_factory=dict)
    pool: str | None = None  # digest of the pool at this generation; None while there is none

    @staticmethod
    def new(*, recipe: str, config: Any, kind: Kind = "search", note: Mapping[str, str] | None = None) -> Manifest:
        """The manifest of a run that begins now."""
        now, plain, note = utc_now(), to_plain(config), dict(note or {})
        return Manifest(
            recipe=recipe, config=plain, created=now, updated=now, versions=versions(), kind=kind, note=note
        )

    def next(self, *, files: dict[str, FileRecord], status: Status, pool: str | None) -> Manifest:
        """The manifest one generation later."""
        return replace(self, generation=self.generation + 1, files=files, status=status, pool=pool, updated=utc_now())

    def write(self, folder: Path) -> None:
        """Put it into place, atomically, with a checksum of its own. Raises RunError."""
        write_json(folder / FILE_NAME, with_checksum(to_plain(self)))

    @staticmethod
    def read(folder: Path) -> Manifest:
        """The manifest of a run folder. Raises RunError if there is none, or it is damaged or of another version."""
        path = folder / FILE_NAME
        if not path.is_file():
            there = "is not a folder" if folder.exists() else "is missing"
            there = "holds no manifest.json" if folder.is_dir() else there
            raise RunError(
                f"a run folder is what `bnao search --out` or `bnao train --out` wrote; {str(folder)!r} {there}: check "
                "the path"
            )
        plain = read_json(path)
        if not isinstance(plain, dict) or plain.get("format") != FORMAT:
            raise RunError(f"a run's manifest says format {FORMAT!r}; {str(path)!r} does not: check the path")
        if plain.get("version") != VERSION:
            raise RunError(
                f"this bnao reads runs of format version {VERSION}; {str(path)!r} has version "
                f"{str(plain.get('version'))[:20]}: use the bnao that wrote it"
            )
        if not take_checksum(plain):
            raise RunError(f"a manifest must match its checksum; {str(path)!r} does not: restore it from a copy")
        return from_dict(Manifest, plain, source=str(path))


def utc_now() -> str:
    """The time now, UTC, in whole seconds, ISO 8601."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def versions() -> dict[str, str]:
    """Versions of python and of the packages on which a result depends (read from metadata, nothing is imported)."""
    found = {"python": platform.python_version()}
    for name in ("bnao", "torch", "numpy"):
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = "not installed"
    return found
