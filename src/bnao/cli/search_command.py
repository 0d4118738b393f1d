"""``bnao search``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from bnao.cli.fields import with_fields
from bnao.distributed import launched
from bnao.errors import require
from bnao.loop.config import SearchConfig
from bnao.recipes import load_recipe
from bnao.settings import update_from_flags, update_from_toml


def configuration(recipe: str, config: Path | None, flags: dict[str, str]) -> SearchConfig:
    """The recipe, changed by the file, changed by the flags. Raises SettingError."""
    settings = load_recipe(recipe)
    if config is not None:
        settings = update_from_toml(settings, config)
    return update_from_flags(settings, flags)


def chosen(
    recipe: str | None,
    config: Path | None,
    plugin: str | None,
    flags: dict[str, str],
    *,
    data: str | None,
    download: bool,
    pool: str | None,
    max_params: str | None,
    max_macs: str | None,
    max_latency_ms: str | None,
) -> tuple[str, SearchConfig]:
    """The recipe's name and the settings that a command line names; short flags give way to those of the fields."""
    from bnao.loop.plugins import parse_plugin  # here, for a wrong flag is told before it is needed

    short = {
        "data.source": data, "data.download": "true" if download else None, "loop.known": pool,
        "limits.max_params": max_params, "limits.max_macs": max_macs, "limits.max_latency_ms": max_latency_ms,
    }  # fmt: skip
    flags = {**{name: value for name, value in short.items() if value is not None}, **flags}
    path, model = (None, "") if plugin is None else parse_plugin(plugin)
    if path is not None:
        flags = {"plugins": f"{path.resolve()}:{model}" if model else str(path.resolve()), **flags}
    recipe = recipe or ("own" if model else "demo")
    return recipe, configuration(recipe, config, flags)


@with_fields
def search(
    *,
    recipe: Annotated[str | None, Parameter(help="settings to start from: `bnao list recipes` [demo, own]")] = None,
    data: Annotated[str | None, Parameter(help="images to search on, as `--data.source` [the recipe's]")] = None,
    out: Annotated[Path | None, Parameter(help="folder to write, must be new [runs/RECIPE]")] = None,
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
    processes: Annotated[
        str, Parameter(help="processes on this machine that share the work, or auto (docs/scaling.md) [auto]")
    ] = "auto",
    dry_run: Annotated[
        bool,
        Parameter(negative=(), help="search nothing: print shapes, sizes, times, from two real steps of each kind"),
    ] = False,
    flags: dict[str, str],
) -> None:
    """Search a network for your images; writes a run folder and prints what was found."""
    recipe, settings = chosen(
        recipe, config, plugin, flags, data=data, download=download, pool=pool, max_params=max_params,
        max_macs=max_macs, max_latency_ms=max_latency_ms,
    )  # fmt: skip
    named = out is None or str(out) != "."  # what an empty word becomes
    require(named, "--out names a new folder", str(out), "write for example --out runs/mine")
    folder = Path("runs") / recipe if out is None else out

    import bnao.api as api
    from bnao.cli.several import by_several
    from bnao.loop.team.auto import num_processes
    from bnao.loop.workbench import num_threads
    from bnao.report import print_summary

    if dry_run:
        from rich.console import Console

        from bnao.report import ProgressDisplay
        from bnao.report.dry_run_page import print_dry_run

        console = Console()
        with ProgressDisplay(console, what="Dry run") as display:
            tried = api.dry_search(settings, listener=display)
        print_dry_run(tried, console)
        return
    count = None if launched() else num_processes(processes, settings, num_threads(settings))
    by_several(
        lambda display: api.search(settings, out=folder, recipe=recipe, processes=count, listener=display),
        lambda result, console: print_summary(result.summary, console, folder=folder),
    )
