"""A supernet that another run has trained: another budget needs no new search."""

from __future__ import annotations

from dataclasses import replace

from bnao.errors import RunError, require
from bnao.loop.config import SearchConfig
from bnao.loop.inputs import run_config
from bnao.storage import RunFolder

SAME = ("seed", "data", "space", "supernet")
"""Settings in which a run and its source agree: the supernet's, and those that say which images it has learned."""


def open_source(config: SearchConfig) -> RunFolder:
    """The run that ``supernet.source`` names. Raises BnaoError unless it is finished and its settings agree."""
    assert config.supernet.source is not None
    source = RunFolder.open(config.supernet.source)
    if source.status != "finished":
        raise RunError(
            f"a supernet is taken from a finished run; {config.supernet.source!r} is not finished: go on with it by "
            f"`bnao resume {config.supernet.source}` first"
        )
    theirs = run_config(source)
    ours = replace(config, supernet=replace(config.supernet, source=theirs.supernet.source))
    differing = [name for name in SAME if getattr(ours, name) != getattr(theirs, name)]
    require(
        not differing,
        f"seed, data, space and supernet are those of the source run {config.supernet.source!r}",
        ", ".join(differing) + " differ",
        "use `bnao pick`, which takes them over",
    )
    return source
