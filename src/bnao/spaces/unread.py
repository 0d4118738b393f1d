"""Settings that a space does not read are refused, so that none is ignored in silence (imports no torch)."""

from __future__ import annotations

from collections.abc import Sequence

from bnao.errors import SettingError
from bnao.settings import in_words
from bnao.spaces.config import NetworkConfig, SpaceConfig


def refuse_unread(config: SpaceConfig | NetworkConfig, space_name: str, *fields: str) -> None:
    """Raise SettingError if some of ``fields``, which the space ``space_name`` does not read, are not at their default.

    One message names all of them.

    >>> refuse_unread(SpaceConfig(), "nao_cell", "name")
    """
    default = type(config)()
    names = changed(config, fields)
    if names:
        received = ", ".join(f"{name} = {in_words(getattr(config, name))}" for name in names)
        usual = joined([in_words(getattr(default, name)) for name in names])
        to = f"it to its default, {usual}" if len(names) == 1 else f"them to their defaults, {usual}"
        raise SettingError(
            f"the space {space_name!r} does not read {joined(names)}; received {received}: set {to}, or choose another "
            "space"
        )


def changed(config: SpaceConfig | NetworkConfig, fields: Sequence[str]) -> list[str]:
    """Those of ``fields`` that are not at their default."""
    default = type(config)()
    return [name for name in fields if getattr(config, name) != getattr(default, name)]


def joined(words: Sequence[str]) -> str:
    """As a list in a sentence.

    >>> joined(["a"]), joined(["a", "b", "c"])
    ('a', 'a, b and c')
    """
    return " and ".join(filter(None, [", ".join(words[:-1]), *words[-1:]]))
