"""``bnao pool``: a run's pool on screen or as CSV."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from bnao.errors import require


def pool(
    folder: Path,
    /,
    *,
    csv: Annotated[bool, Parameter(negative=())] = False,
    out: Path | None = None,
    top: int | None = None,
    sort: Literal["score", "params", "macs"] = "score",
) -> None:
    """Print the best architectures of a run's pool, or write the pool as CSV.

    Parameters
    ----------
    folder
        a run folder that `bnao search` wrote
    csv
        write CSV: id, architecture, round, origin, num_params, macs, score, score_round, predicted
    out
        with --csv: the file to write instead of the screen
    top
        how many architectures; 20 on screen, all as CSV
    sort
        best score first, or fewest parameters or multiply-adds first
    """
    from rich.console import Console

    from bnao.report.pool_table import ordered, print_pool
    from bnao.storage import RunFolder
    from bnao.storage.pool_csv import pool_entries, write_csv, write_csv_file

    require(top is None or top >= 1, "--top is at least 1", top, "give a positive number")
    require(csv or out is None, "--out is the file of --csv", str(out), "add --csv, or leave --out out")
    run = RunFolder.open(folder)
    run.require_search("a pool")
    entries = pool_entries(run.pool_path)
    if not csv:
        print_pool(entries, Console(), order=sort, top=20 if top is None else top)
    elif out is None:
        write_csv(ordered(entries, sort, top), sys.stdout)
    else:
        write_csv_file(ordered(entries, sort, top), out)
