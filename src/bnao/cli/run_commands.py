"""``bnao show`` and ``bnao resume``: commands on a run folder."""

from __future__ import annotations

from pathlib import Path



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
    """Go on with an interrupted run: after Ctrl-C, a kill, a full disk or a power cut, to the same result.

    Parameters
    ----------
    folder
        a run folder that `bnao search` wrote
    """
    from rich.console import Console

    import bnao.api as api
    from bnao.report import ProgressDisplay, print_summary

    console = Console()
    with ProgressDisplay(console) as display:
        result = api.resume(folder, listener=display)
    print_summary(result.summary, console, folder=folder)
