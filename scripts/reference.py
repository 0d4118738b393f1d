"""Write docs/reference/: settings from the dataclasses, commands from their help, packages from their docstrings.

tests/docs/test_reference.py holds that the pages are what this writes, so none of them can go stale. Names with their
first sentence are written out, for readers of the repository; the site puts signatures and whole docstrings in place of
the comments that begin with ``:::`` (mkdocstrings; scripts/site/hooks.py).
"""

from __future__ import annotations

import ast
import importlib
import inspect
import re
import sys
import types
from dataclasses import fields, is_dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin

ROOT = Path(__file__).parents[1]
PAGES = ROOT / "docs" / "reference"

PACKAGES: dict[str, tuple[str, ...]] = {
    "bnao.arch": (),
    "bnao.spaces": ("base", "config", "choices", "graph", "additive"),
    "bnao.ops": (),
    "bnao.supernet": (),
    "bnao.cost": ("limits", "feasible", "sizes", "costs"),
    "bnao.data": (),
    "bnao.objective": (),
    "bnao.sampling": ("config", "weighted"),
    "bnao.training": ("config", "loop", "standalone"),
    "bnao.evaluation": ("base", "config", "oneshot", "tabular", "tables"),
    "bnao.controller": (),
    "bnao.ranking": (),
    "bnao.loop": ("config", "events", "result", "front"),
    "bnao.loop.rank": ("result",),
    "bnao.loop.plan": ("plan",),
    "bnao.delivery": ("export", "predict", "network", "description"),
    "bnao.recipes": (),
    "bnao.settings": (),
    "bnao.storage": (),
    "bnao.testing": ("operations", "spaces", "policies", "sources", "proposers"),
    "bnao": (),
}
"""Packages with a page: their public names, and those of the named modules. The first page to name a thing has it."""

MODULES = ("bnao.errors", "bnao.rng", "bnao.registry", "bnao.task")
"""Single modules, on the page ``foundations``."""

WRITTEN = "<!-- Written by scripts/reference.py: change the code it reads, then run it again. -->\n"


def pages() -> dict[Path, str]:
    """The text of every page by its path."""
    found = {PAGES / "settings.md": settings_page(), PAGES / "commands.md": commands_page()}
    homes = Homes()
    found[PAGES / "foundations.md"] = foundations_page(homes)
    for package, modules in PACKAGES.items():
        found[PAGES / f"{package}.md"] = package_page(package, modules, homes)
    return found


# ---- settings ----


def settings_page() -> str:
    """Every field of a search's configuration, with its values, default and meaning."""
    from bnao.cli.fields import TITLES
    from bnao.loop.config import SearchConfig

    root = SearchConfig()
    parts = [
        WRITTEN,
        "# Settings",
        "Everything that determines a search. A dotted name is the flag of `bnao search` (`--loop.pool 200`; "
        "underscores become hyphens), the place in a TOML file (`pool = 200` under `[loop]`) and the path in Python "
        '(`update(config, {"loop": {"pool": 200}})`). Values come from the recipe, then from the file, then from '
        "flags; later ones win.",
        "The defaults are those of `SearchConfig()`: the paper's search on CIFAR-10. What each recipe changes is "
        "[at the end](#what-the-recipes-set).",
    ]
    parts += _section(root, "", TITLES)
    parts += [_of_trainings(root), "## What the recipes set", *_recipes(root)]
    return _page(parts)


def _of_trainings(search: Any) -> str:
    """The settings that only `bnao train` has."""
    from bnao.loop.train.config import TrainConfig
    from bnao.settings import leaves

    shared = leaves(search)
    own = [leaf for name, leaf in leaves(TrainConfig()).items() if "." not in name and name not in shared]
    return (
        "## bnao train\n\nA training in full has `data`, `space` and the settings that stand alone, as a search does; "
        "`network` and `training` hold what `final.network` and `final.training` do. Its own:\n\n" + _table(own)
    )


def _table(settings: list[Any]) -> str:
    from bnao.cli.fields import _metavar
    from bnao.settings import in_words

    rows = ["| setting | values | default | meaning |", "|---|---|---|---|"]
    for leaf in settings:
        doc = leaf.doc or leaf.name.rpartition(".")[2].replace("_", " ")
        shown = in_words(leaf.value)
        default = f"`{shown}`" if shown else "empty"
        cells = (f"`{leaf.name}`", f"`{_cell(_metavar(leaf.kind))}`", default, _cell(doc))
        rows.append("| " + " | ".join(cells) + " |")
    return "\n".join(rows)


def _section(config: Any, prefix: str, titles: dict[str, str]) -> list[str]:
    """The table of one dataclass, then those of the sections it holds."""
    from bnao.settings import leaves

    own = [leaf for name, leaf in leaves(config, prefix).items() if "." not in name.removeprefix(prefix)]
    name = prefix.rstrip(".")
    title = titles[""] if not name else titles.get(name, name)
    level = "##" if name.count(".") == 0 else "###"
    heading = f"{level} {title}"
    summary = (inspect.getdoc(type(config)) or "").split("\n\n")[0]  # the rest says what the table says
    parts = [heading, _prose(summary)] if name else [heading]
    if own:
        parts.append(_table(own))
    for field in fields(config):
        value = getattr(config, field.name)
        if is_dataclass(value):
            parts += _section(value, f"{prefix}{field.name}.", titles)
    return parts


def _recipes(root: Any) -> list[str]:
    from bnao.recipes import describe_recipe, load_recipe, recipe_names
    from bnao.settings import in_words, leaves

    known, parts = leaves(root), []
    for name in recipe_names():
        changed = {k: v for k, v in leaves(load_recipe(name)).items() if v.value != known[k].value}
        rows = [f"| `{key}` | `{in_words(leaf.value) or 'empty'}` |" for key, leaf in changed.items()]
        table = "\n".join(["| setting | value |", "|---|---|", *rows]) if rows else "The defaults above."
        parts += [f"### {name}", describe_recipe(name) + ".", table]
    return parts


# ---- commands ----


def commands_page() -> str:
    """Every command with its arguments, as its help says them."""
    from bnao.cli.main import COMMANDS, make_app

    app = make_app()
    parts = [
        WRITTEN,
        "# Commands",
        "What `bnao COMMAND --help` says. An error that you can mend is one line on stderr and exit code 2; "
        "[bad input](../bad-input.md) lists them. An interrupted command ends with 130.",
    ]
    for name, (_, summary, example) in COMMANDS.items():
        parts += [f"## bnao {name}", summary, f"```bash\n{example}\n```"]
        arguments = app[name].assemble_argument_collection(parse_docstring=True)
        rows = [_argument(argument) for argument in arguments if not _is_setting(argument)]
        if rows:
            parts.append("\n".join(["| argument | values | meaning |", "|---|---|---|", *rows]))
        if any(_is_setting(argument) for argument in arguments):
            parts.append("Beside these, every [setting](settings.md) is a flag.")
    return _page(parts)


def _is_setting(argument: Any) -> bool:
    """Whether the flag comes from the tree of settings: those stand in a group of their own."""
    return not any(group._name in ("Parameters", "Arguments") for group in argument.parameter.group)


def _argument(argument: Any) -> str:
    names = ", ".join(f"`{name}`" for name in argument.names)
    meaning = argument.parameter.help or ""
    default = argument.field_info.default
    if default not in (None, False, inspect.Parameter.empty) and not meaning.endswith("]"):
        meaning += f" [{default}]"
    if argument.required:
        meaning += " (required)"
    return f"| {names} | {_values(argument)} | {_cell(meaning.strip())} |"


def _values(argument: Any) -> str:
    """What a value looks like; nothing for a switch."""
    kinds = {int: "INT", float: "NUMBER", str: "TEXT", Path: "PATH"}
    words: list[str] = []
    stack = [argument.hint]
    while stack:
        kind = stack.pop(0)
        if get_origin(kind) in (Union, types.UnionType):
            stack += get_args(kind)
        elif get_origin(kind) is Literal:
            words += get_args(kind)
        elif get_origin(kind) is tuple:
            words.append(kinds[get_args(kind)[0]] + " ...")
        elif kind in kinds:
            words.append(kinds[kind])
        else:
            assert kind in (bool, type(None)), f"{argument.names} has a type that this script does not know: {kind}"
    return f"`{_cell('|'.join(words))}`" if words else ""


# ---- packages ----


class Homes:
    """Which page documents a definition: the first that asks. The others name it, with a link."""

    def __init__(self) -> None:
        self._page: dict[str, str] = {}

    def names(self, module: str, page: str) -> list[str]:
        """The table of a module's public names, and a place for each that is at home on this page."""
        rows, places = ["| name | what it is |", "|---|---|"], []
        for name, path in public_names(module).items():
            shown, home = f"`{module}.{name}`", self._page.setdefault(path, page)
            if home != page:
                shown = f"[{shown}]({home}.md)"
            else:
                places.append(f"<!-- ::: {path} -->")
            rows.append(f"| {shown} | {_cell(_first_sentence(path))} |")
        return ["\n".join(rows), *places] if len(rows) > 2 else []


def package_page(package: str, modules: tuple[str, ...], homes: Homes) -> str:
    """A package's own words, its public names and those of its modules."""
    doc = importlib.import_module(package).__doc__ or ""
    parts = [WRITTEN, f"# {package}", _prose(doc), *homes.names(package, package)]
    for module in modules:
        parts += _module(f"{package}.{module}", package, homes)
    return _page(parts)


def foundations_page(homes: Homes) -> str:
    """The modules at the bottom."""
    parts = [WRITTEN, "# Foundations", "Errors, named streams of randomness, tables of parts, and the task."]
    for module in MODULES:
        parts += _module(module, "foundations", homes)
    return _page(parts)


def _module(full: str, page: str, homes: Homes) -> list[str]:
    names = homes.names(full, page)
    assert names, f"{full} has no public name"
    return [f"## {full}", _prose(importlib.import_module(full).__doc__ or ""), *names]


def public_names(module: str) -> dict[str, str]:
    """The module's public names, each with the path at which it is defined.

    A package offers what it lists in ``__all__``, or re-exports as ``import x as x``; a module what it defines.
    """
    imported = importlib.import_module(module)
    assert imported.__file__ is not None
    tree = ast.parse(Path(imported.__file__).read_text(encoding="utf-8"))
    homes = {
        alias.name: node.module
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("bnao")
        for alias in node.names
        if alias.asname == alias.name or hasattr(imported, "__all__")
    }
    listed = getattr(imported, "__all__", None)
    if listed is None and Path(imported.__file__).name == "__init__.py":
        listed = sorted(homes, key=str.lower)
    if listed is None:
        defined = [node for node in tree.body if isinstance(node, ast.ClassDef | ast.FunctionDef)]
        return {node.name: f"{module}.{node.name}" for node in defined if not node.name.startswith("_")}
    shown = [name for name in listed if not name.startswith("_") and not _is_module(imported, name)]
    return {name: _origin(homes.get(name, module), name) for name in shown}


def _is_module(owner: Any, name: str) -> bool:
    return isinstance(getattr(owner, name), types.ModuleType)


def _origin(home: str, name: str) -> str:
    """Where ``name``, which ``home`` offers, is defined."""
    value = getattr(importlib.import_module(home), name)
    defined = getattr(value, "__module__", None)
    if isinstance(value, type | types.FunctionType) and isinstance(defined, str) and value.__qualname__ == name:
        return f"{defined}.{name}"
    return f"{home}.{name}"


def _constant_doc(module: str, name: str) -> str:
    """The string that stands below an assignment."""
    file = importlib.import_module(module).__file__
    assert file is not None
    body = ast.parse(Path(file).read_text(encoding="utf-8")).body
    for node, after in pairwise(body):
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        if any(isinstance(t, ast.Name) and t.id == name for t in targets):
            said = after.value if isinstance(after, ast.Expr) else None
            return inspect.cleandoc(str(said.value)) if isinstance(said, ast.Constant) else ""
    return ""


def _first_sentence(path: str) -> str:
    home, _, name = path.rpartition(".")
    value = getattr(importlib.import_module(home), name)
    documented = isinstance(value, type | types.FunctionType)
    doc = (inspect.getdoc(value) if documented else _constant_doc(home, name)) or ""
    first = " ".join(doc.split("\n\n")[0].split())
    return _prose(re.split(r"(?<!\.\.)\. ", first)[0].rstrip("."))


# ---- text ----


def _prose(text: str) -> str:
    """Docstrings have reStructuredText's marks; pages have Markdown's."""

    def role(match: re.Match[str]) -> str:
        target = match[1]
        return "`" + (target.rpartition(".")[2] if target.startswith("~") else target) + "`"

    text = inspect.cleandoc(text).split(">>>")[0].strip()
    text = re.sub(r":\w+:`([^`]*)`", role, text).replace("``", "`")
    return re.sub(r"\n(?=- )", "\n\n", text, count=1) if "\n- " in text and "\n\n- " not in text else text


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def _page(parts: list[str]) -> str:
    return "\n\n".join(part.strip() for part in parts if part.strip()) + "\n"


def main() -> None:
    texts = pages()
    for old in PAGES.glob("*.md"):
        if old not in texts:
            old.unlink()
    PAGES.mkdir(exist_ok=True)
    for path, text in texts.items():
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
