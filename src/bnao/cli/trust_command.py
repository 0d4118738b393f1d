"""``bnao trust``."""

from __future__ import annotations

from pathlib import Path

from bnao.errors import printable


def trust(folder: Path, /) -> None:
    """Allow the Python files that a run names (its plugins) to be run on this machine, as they are now.

    A run that you began here by --plugin needs no such word. For one that came from elsewhere read the files first:
    they are the only code from outside that bnao ever runs.

    Parameters
    ----------
    folder
        a run folder that `bnao search` or `bnao train` wrote
    """
    from bnao.loop.config import SearchConfig
    from bnao.loop.plugins import trust as trust_files
    from bnao.loop.train.config import TrainConfig
    from bnao.storage import RunFolder, from_dict

    run = RunFolder.open(folder)
    settings, source = run.manifest.config, f"{run.path}/manifest.json"
    plugins = (
        from_dict(TrainConfig, settings, source=source).plugins
        if run.manifest.kind == "training"
        else from_dict(SearchConfig, settings, source=source).plugins
    )
    if not plugins:
        print("this run names no Python file: nothing to trust")
    for path, digest in trust_files(plugins):
        print(printable(str(path)) + f"   may be run, as it is now (SHA-256 {digest[:16]}...)")
