"""Python files of the user's own that a search loads: **the one place where code from outside is run**.

``my_ops.py`` is imported, and registers what it likes (an operation, a space, a policy, a proposer, a kind of data).
``my_model.py:Net`` is imported and names the function or class whose call makes the model to search. The settings keep
the path and the file's digest is kept in the run: a changed file does not go on with an old run.

A run folder that somebody else made may name any file of this machine. So a file that a *run* names is only run where
its content is trusted: because it was named to a search on this machine (``--plugin``, a configuration, Python), or by
``bnao trust``. Hashes of trusted files are the names of empty files in :func:`trust_folder`.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from bnao.errors import BnaoError, RunError, SettingError, nearest
from bnao.storage import files


def load_plugins(plugins: Sequence[str]) -> Callable[[], Any] | None:
    """Import each file once, in order; the model that one of them names, if any. Raises SettingError."""
    found: list[tuple[str, Callable[[], Any]]] = []
    for plugin in plugins:
        path, name = parse_plugin(plugin)
        module = _imported(path)
        if name:
            build = getattr(module, name, None)
            if not callable(build):
                public = [n for n in vars(module) if not n.startswith("_") and callable(getattr(module, n))]
                guess = nearest(name, public)
                raise SettingError(
                    f"a plugin FILE:NAME names a class or function of the file that makes the model; {path} has no "
                    f"such {name!r}" + (f": did you mean {guess!r}?" if guess else "")
                )
            found.append((plugin, build))
    if len(found) > 1:
        raise SettingError(f"one plugin names the model; received {' and '.join(p for p, _ in found)}: keep one")
    return found[0][1] if found else None


def trust_folder() -> Path:
    """``$BNAO_STATE/trusted``, else in ``$XDG_STATE_HOME/bnao``, else in ``~/.local/state/bnao``; need not exist."""
    if own := os.environ.get("BNAO_STATE"):
        return Path(own) / "trusted"
    shared = os.environ.get("XDG_STATE_HOME")
    return (Path(shared) if shared else Path.home() / ".local" / "state") / "bnao" / "trusted"


def trust(plugins: Sequence[str]) -> list[tuple[Path, str]]:
    """Trust these files as they are now, on this machine; each path with its SHA-256.

    Raises SettingError for what is no plugin, RunError where :func:`trust_folder` cannot be written.
    """
    found = [(path, _digest(path)) for path, _ in map(parse_plugin, plugins)]
    folder = trust_folder()
    with files.writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        for _, digest in found:
            (folder / digest).touch()
    return found


def trust_named(plugins: Sequence[str], warn: Callable[[str], None]) -> None:
    """Trust what was named to a run that begins here, or passed :func:`require_trusted`; ``warn`` where it cannot."""
    try:
        trust(plugins)
    except RunError as error:
        warn(f"the plugins could not be noted as yours, so going on with the run will ask for it: {error}")


def require_trusted(plugins: Sequence[str], run: Path) -> None:
    """Raise RunError where a plugin that ``run`` names is not trusted; SettingError where it is missing."""
    for path, _ in map(parse_plugin, plugins):
        if not (trust_folder() / _digest(path)).exists():
            raise RunError(
                f"a run's plugins are run where you have named them yourself; {str(run)!r} names {str(path)!r}, which "
                f"was named to no search here as it is now: read it, and if you trust it, `bnao trust {run}`"
            )


def plugin_sources(plugins: Sequence[str]) -> list[dict[str, str]]:
    """Name, SHA-256 and text of each file, to be kept beside what it made."""
    return [
        {"plugin": plugin, "sha256": _digest(path), "text": path.read_bytes().decode("utf-8", "replace")}
        for plugin, (path, _) in zip(plugins, map(parse_plugin, plugins), strict=True)
    ]


def _digest(path: Path) -> str:
    return files.sha256(path)[0]


def parse_plugin(plugin: str) -> tuple[Path, str]:
    """``FILE.py`` or ``FILE.py:NAME`` as path and name (empty: none). Raises SettingError."""
    text, _, name = plugin.partition(".py:")
    path = Path(text + ".py" if name else plugin).expanduser()
    if not plugin.strip() or path.suffix != ".py" or (name and not name.isidentifier()):
        raise SettingError(
            f"a plugin is a Python file, or FILE.py:NAME with the name of a model; received {plugin!r}: write for "
            "example my_model.py:Net"
        )
    if not path.is_file():
        raise SettingError(f"a plugin is a Python file that exists; received {str(path)!r}: check the path")
    return path, name


def plugins_digest(plugins: Sequence[str]) -> str:
    """SHA-256 of the files' contents, in order; empty without plugins."""
    if not plugins:
        return ""
    digest = hashlib.sha256()
    for plugin in plugins:
        digest.update(hashlib.sha256(parse_plugin(plugin)[0].read_bytes()).digest())
    return digest.hexdigest()


def _imported(path: Path) -> Any:
    """The file as a module; files beside it can be imported by it. A second call gives the first one's module."""
    resolved = path.resolve()
    name = "bnao_plugin_" + hashlib.sha256(str(resolved).encode()).hexdigest()[:16]
    if name in sys.modules:
        return sys.modules[name]
    spec = importlib.util.spec_from_file_location(name, resolved)
    assert spec is not None and spec.loader is not None, "a .py file has a loader"
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    sys.path.insert(0, str(resolved.parent))
    try:
        spec.loader.exec_module(module)
    except BnaoError:
        del sys.modules[name]
        raise
    except Exception as error:
        del sys.modules[name]
        raise SettingError(
            f"a plugin is a Python file that can be imported; {path} raised {type(error).__name__}: {error}"
        ) from error
    finally:
        sys.path.remove(str(resolved.parent))
    return module
