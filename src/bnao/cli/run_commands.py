"""``bnao show`` and ``bnao resume``: commands on a run folder."""

from __future__ import annotations

from pathlib import Path

from bnao.errors import RunError


def show(folder: Path, /) -> None:
    """Print what a run found: winner, accuracy, size, comparison with random, time by stage.

    Parameters
    ----------
    folder
        a run folder that `bnao search` wrote
    """
    from rich.console import Console

    from bnao.report import show_run
    from bnao.storage import RunFolder

    show_run(RunFolder.open(folder), Console())


def resume(folder: Path, /) -> None:
    """Continue an interrupted run. Not available in this version: it says what to do instead.

    Parameters
    ----------
    folder
        a run folder that `bnao search` wrote
    """
    raise RunError(
        f"runs cannot be resumed in this version; received {str(folder)!r}: start the search again with the same "
        "settings and seed and a new --out (it gives the same result)"
    )
