"""``bnao plan``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from bnao.cli.fields import with_fields
from bnao.cli.search_command import chosen


@with_fields
def plan(
    *,
    recipe: Annotated[str | None, Parameter(help="settings to start from: `bnao list recipes` [demo, own]")] = None,
    data: Annotated[str | None, Parameter(help="images to search on, as `--data.source` [the recipe's]")] = None,
    out: Annotated[Path | None, Parameter(help="of the search: a plan writes nothing")] = None,
    config: Annotated[Path | None, Parameter(help="TOML file with fields that replace the recipe's")] = None,
    plugin: Annotated[
        str | None,
        Parameter(help="Python file to RUN first (no other code is ever run); FILE.py:NAME names a model of yours"),
    ] = None,
    pool: Annotated[str | None, Parameter(help="CSV file, pool or run to start from, as `--loop.known`")] = None,
    max_params: Annotated[str | None, Parameter(help="most parameters, as `--limits.max-params`")] = None,
    max_macs: Annotated[str | None, Parameter(help="most multiply-adds, as `--limits.max-macs`")] = None,
    max_latency_ms: Annotated[str | None, Parameter(help="most ms, as `--limits.max-latency-ms`")] = None,
    download: Annotated[bool, Parameter(negative=(), help="fetch CIFAR, as `--data.download`")] = False,
    json_output: Annotated[bool, Parameter(name="--json", negative=(), help="print one JSON object (seconds)")] = False,
    flags: dict[str, str],
) -> None:
    """Say what a search would take, by stage, from a few measured steps; it takes flags of `bnao search`."""
    _, settings = chosen(
        recipe, config, plugin, flags, data=data, download=download, pool=pool, max_params=max_params,
        max_macs=max_macs, max_latency_ms=max_latency_ms,
    )  # fmt: skip

    from rich.console import Console

    import bnao.api as api
    from bnao.report import ProgressDisplay
    from bnao.report.plan_page import print_plan
    from bnao.storage import to_plain

    console = Console()
    if json_output:
        print(json.dumps(to_plain(api.plan(settings))))
        return
    with ProgressDisplay(console, what="Plan") as display:
        found = api.plan(settings, listener=display)
    print_plan(found, console)
