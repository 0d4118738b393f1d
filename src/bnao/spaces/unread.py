"""Settings that a space does not read are refused, so that none is ignored in silence (imports no torch)."""

from __future__ import annotations

from bnao.errors import SettingError
from bnao.settings import in_words
from bnao.spaces.config import NetworkConfig, SpaceConfig


def refuse_unread(config: SpaceConfig | NetworkConfig, space_name: str, *fields: str) -> None:
    """Raise SettingError if one of ``fields``, which the space ``space_name`` does not read, is not at its default.

    >>> refuse_unread(SpaceConfig(), "nao_cell", "name")
    """
    default = type(config)()
    for name in fields:
        value, usual = getattr(config, name), getattr(default, name)
        if value != usual:
            raise SettingError(
                f"the space {space_name!r} does not read {name}; received {name} = {in_words(value)}: set it to its "
                f"default, {in_words(usual)}, or choose another space"
            )
