"""The kinds of data sources, and how a source text is read. Imports no torch.

A new kind is one file in ``sources/`` with a :class:`SourceKind`, and one line below.
"""

from __future__ import annotations

import re
from pathlib import Path

from bnao.data.base import DataSource
from bnao.data.config import DataConfig
from bnao.data.kind import NOT_ALL_READ, SourceKind
from bnao.data.sources import cifar, folder, jpeg_npz, npz, sample, stream
from bnao.errors import BnaoError, DataError, nearest, unknown_name
from bnao.registry import Registry

SOURCES: Registry[SourceKind] = Registry("kind of data source")
SOURCES.register("sample", sample.KIND)
SOURCES.register("cifar10", cifar.CIFAR10)
SOURCES.register("cifar100", cifar.CIFAR100)
SOURCES.register("jpeg_npz", jpeg_npz.KIND)
SOURCES.register("npz", npz.KIND)
SOURCES.register("folder", folder.KIND)
SOURCES.register("stream", stream.KIND)


def open_source(config: DataConfig) -> DataSource:
    """The source that ``config.source`` names; reads headers and labels, no images.

    The text is, in this order: a kind's name (``sample``, or ``cifar10`` once downloaded), ``kind:path``, or a path
    whose kind is found from its content. (For a path called like a kind write ``./sample``.) Raises SettingError for
    an unknown kind, DataError for a path that is missing, of no kind, of several, or damaged.

    >>> open_source(DataConfig(source="sample")).task.num_classes
    10
    """
    kind, path = _parse(config.source.strip())
    try:
        return SOURCES.get(kind or _detected(path)).open(path, config)
    except OSError as error:
        raise DataError(f"data must be readable; {config.source!r} is not ({error}): check its permissions") from error


def unread_fields(config: DataConfig) -> dict[str, str]:
    """The fields that are set and that the source does not read, each with why. Raises as :func:`open_source`.

    >>> unread_fields(DataConfig(source="sample", workers=2))
    {'workers': 'with data of kind sample'}
    """
    changed = [name for name in NOT_ALL_READ if getattr(config, name) != getattr(DataConfig(), name)]
    if not changed:
        return {}
    kind, path = _parse(config.source.strip())
    kind = kind or _detected(path)
    reads = SOURCES.get(kind).reads
    if reads is None:
        return {}
    found = {name: f"with data of kind {kind}" for name in changed if name not in reads}
    if path is not None and "download" in changed and "download" in reads:
        found["download"] = f"because {config.source} names files that are there"
    return found


def same_source(one: str, other: str) -> bool:
    """Whether two source texts name the same images: the same place, whatever their kinds, or the same kind.

    >>> same_source("sample", " sample"), same_source("sample", "cifar10")
    (True, False)
    """
    return _place(one.strip()) == _place(other.strip())


def _place(text: str) -> str | Path:
    try:
        kind, path = _parse(text)
    except BnaoError:
        return text
    return path.resolve() if path is not None else kind or text


def _parse(text: str) -> tuple[str | None, Path | None]:
    """(kind or None, path or None), not both None."""
    if text in SOURCES.names():
        return text, None
    if match := re.fullmatch(r"([A-Za-z0-9_]{2,}):(.*)", text):
        name, path_text = match.groups()
        if name in SOURCES.names():
            return name, _existing(path_text, name) if path_text.strip() else None
        if not Path(text).exists():
            raise unknown_name(SOURCES.kind, name, SOURCES.names())
    return None, _existing(text)


def _existing(text: str, kind: str | None = None) -> Path:
    try:
        path = Path(text).expanduser()
        exists = path.exists()
    except (OSError, RuntimeError, ValueError) as error:
        raise DataError(f"data come from an existing path; received {text!r} ({error}): check it") from error
    if not exists:
        guess = None if kind or "." in text else nearest(text, SOURCES.names())
        near = f"; did you mean {guess!r}?" if guess else ""
        near += (
            f"; for a built-in kind write one of {', '.join(SOURCES.names())}" if not kind and "/" not in text else ""
        )
        raise DataError(f"data come from an existing path; received {text!r}, which does not exist: check it{near}")
    return path


def _detected(path: Path | None) -> str:
    assert path is not None
    kinds = [name for name in SOURCES.names() if SOURCES.get(name).detect(path)]
    if len(kinds) == 1:
        return kinds[0]
    if kinds:
        raise DataError(
            f"a path is of one kind; {path} looks like {' and '.join(kinds)}: say which, as in {kinds[0]}:{path}"
        )
    if path.suffix == ".npz" and path.is_file():
        return "npz"  # damaged, or with other keys: opening it says which
    known = "; ".join(f"{name}: {SOURCES.get(name).summary}" for name in SOURCES.names())
    raise DataError(f"a path holds data of a known kind; {path} does not: give one of these ({known})")
