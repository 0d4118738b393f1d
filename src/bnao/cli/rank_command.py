"""``bnao rank``."""

from __future__ import annotations

from pathlib import Path
from typing import Literal


def rank(
    folder: Path,
    /,
    *,
    architectures: int | None = None,
    stratify: Literal["none", "size"] | None = None,
    second_seed: int | None = None,
    processes: int | None = None,
    seed: int | None = None,
) -> None:
    """Measure how far a run's one-shot ranking can be trusted: train a sample of its pool alone, and compare.

    Asked again it goes on, also with more architectures; what is left out is as it was begun.

    Parameters
    ----------
    folder
        a run folder that `bnao search` wrote, with at least one scored round
    architectures
        how many of the pool are trained [40, or the pool; once begun: as before]
    stratify
        size: equal numbers from five classes of size [none: drawn uniformly; once begun: as before]
    second_seed
        how many of them are trained again with another seed, for the noise ceiling [0; once begun: as before]
    processes
        trainings at a time, each with one thread; the result does not depend on it [one for each core, or GPU]
    seed
        of the sample and of the trainings [0; once begun: as before]
    """
    from bnao.storage import RunFolder

    RunFolder.open(folder)
    from rich.console import Console

    import bnao.api as api
    from bnao.report import ProgressDisplay
    from bnao.report.ranking_table import print_ranking

    console = Console()
    with ProgressDisplay(console, stages=["rank"], what="Ranking") as display:
        result = api.rank(
            folder, architectures, stratify=stratify, second_seed=second_seed, seed=seed, processes=processes,
            listener=display,
        )  # fmt: skip
    print_ranking(result, console, folder=folder)
