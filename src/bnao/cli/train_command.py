"""``bnao train``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from bnao.cli.fields import with_fields_of
from bnao.distributed import launched
from bnao.errors import require
from bnao.loop.train.config import TrainConfig
from bnao.recipes import load_train_recipe
from bnao.settings import update_from_flags, update_from_toml

TITLES = {
    "": "Run",
    "data": "data: images to learn and to be measured on",
    "space": "space: how the architecture's tokens are read",
    "network": "network: the skeleton that the architecture is put into",
    "training": "training",
}


@with_fields_of(TrainConfig(), TITLES)
def train(
    *,
    recipe: Annotated[str, Parameter(help="settings to start from: `bnao list recipes`")] = "cifar10-final",
    arch: Annotated[
        str | None, Parameter(help="a finished run's folder, the word published, or tokens in quotes [the recipe's]")
    ] = None,
    data: Annotated[str | None, Parameter(help="images, as `--data.source` [the recipe's]")] = None,
    out: Annotated[Path | None, Parameter(help="folder to write, must be new [runs/RECIPE]")] = None,
    config: Annotated[Path | None, Parameter(help="TOML file with fields that replace the recipe's")] = None,
    download: Annotated[bool, Parameter(negative=(), help="fetch CIFAR, as `--data.download`")] = False,
    processes: Annotated[
        str, Parameter(help="processes on this machine that share each batch, or auto (docs/scaling.md) [auto]")
    ] = "auto",
    dry_run: Annotated[
        bool, Parameter(negative=(), help="train nothing: print shapes, sizes, time and memory, after two real steps")
    ] = False,
    flags: dict[str, str],
) -> None:
    """Train one network in full and measure it on test images; writes a run folder and prints the figures."""
    settings = load_train_recipe(recipe)
    if config is not None:
        settings = update_from_toml(settings, config)
    short = {"architecture": arch, "data.source": data, "data.download": "true" if download else None}
    settings = update_from_flags(settings, {**{k: v for k, v in short.items() if v is not None}, **flags})
    named = out is None or str(out) != "."  # what an empty word becomes
    require(named, "--out names a new folder", str(out), "write for example --out runs/final")
    folder = Path("runs") / recipe if out is None else out

    import bnao.api as api
    from bnao.cli.several import by_several
    from bnao.loop.team.auto import num_processes
    from bnao.loop.workbench import num_threads_of
    from bnao.report.dry_run_page import print_dry_run
    from bnao.report.training_page import print_training

    count = None if launched() else num_processes(processes, settings, num_threads_of(settings.threads))
    if dry_run:
        by_several(
            lambda display: api.dry_train(settings, processes=count, listener=display), print_dry_run, what="Dry run"
        )
        return
    by_several(
        lambda display: api.train(settings, out=folder, recipe=recipe, processes=count, listener=display),
        lambda trained, console: print_training(trained.summary, console, folder=folder),
        what="Training",
    )
