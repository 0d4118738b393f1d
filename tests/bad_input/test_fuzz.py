"""Random architectures, configurations and flags: a BnaoError or success, and nothing else.

Derandomised, so that a check does not fail by chance; BNAO_FUZZ=1000 tries so many others, new ones each time.
"""

from __future__ import annotations

import contextlib
import io
import os
import string
import tempfile
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from bnao.cli.fields import flag
from bnao.cli.main import COMMANDS, main
from bnao.cli.search_command import configuration
from bnao.errors import ArchitectureError, SettingError
from bnao.loop.config import SearchConfig
from bnao.recipes import load_recipe, recipe_names
from bnao.settings import build, leaves, to_dict
from bnao.spaces.nao_cell import PUBLISHED
from bnao.spaces.nao_cell.grammar import NaoCellGrammar

LONG = int(os.environ.get("BNAO_FUZZ", "0"))
GRAMMAR = NaoCellGrammar(nodes=5, num_operations=5)


def fuzz(examples: int) -> settings:
    """So many examples, the same each time; with BNAO_FUZZ=N N others."""
    return settings(
        max_examples=LONG or examples,
        derandomize=not LONG,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )


@pytest.fixture(autouse=True)
def _empty_folder(tmp_path: Path) -> Iterator[None]:
    with contextlib.chdir(tmp_path):
        yield


def outcome(tokens: list[str]) -> tuple[int, str]:
    """Exit code and stderr."""
    stderr = io.StringIO()
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(stderr):
        code = main(tokens)
    return code, stderr.getvalue()


def assert_told(tokens: list[str]) -> None:
    """Success in silence, or exit code 2 with one line."""
    code, stderr = outcome(tokens)
    assert code in (0, 2)
    assert (code == 0) == (stderr == ""), stderr
    assert code == 0 or (stderr.startswith("bnao: error: ") and stderr.count("\n") == 1)
    assert len(stderr) < 2000


# ---- architectures ----

numbers = st.integers(-2, 7).map(str) | st.integers().map(str)
tokens_text = st.lists(numbers, min_size=18, max_size=22).map(" ".join)


@st.composite
def mutated_text(draw: st.DrawFn, text: str) -> str:
    """``text`` with a few places cut out, doubled, or replaced by anything."""
    for _ in range(draw(st.integers(1, 3))):
        start = draw(st.integers(0, len(text)))
        end = draw(st.integers(start, min(len(text), start + 5)))
        text = text[:start] + draw(st.text(max_size=4) | st.just(text[start:end] * 2)) + text[end:]
    return text


architectures = st.one_of(
    st.text(max_size=80),
    st.text("0123456789| \t\n-+._", max_size=120),
    mutated_text(PUBLISHED),
    st.tuples(tokens_text, tokens_text).map(" | ".join),
    st.lists(st.integers(0, 1), min_size=40, max_size=40).map(
        lambda t: " ".join(map(str, t[:20])) + " | " + " ".join(map(str, t[20:]))
    ),
)


@fuzz(400)
@given(architectures)
@example("0" * 5000 + " | 1")
@example("|")
@example("|" * 10000)
def test_architecture_text(text: str) -> None:
    try:
        architecture = GRAMMAR.parse(text)
    except ArchitectureError as error:
        assert len(str(error)) < 400
        return
    assert GRAMMAR.parse(str(architecture)) == architecture


@fuzz(25)
@given(architectures.filter(lambda text: not text.startswith("-")))
def test_size(text: str) -> None:
    assert_told(["size", text, "--cells-per-stage", "1", "--channels", "4", "--input-size", "8"])


# ---- configurations ----

LEAVES = leaves(SearchConfig())
NAMES = sorted({part for name in LEAVES for part in name.split(".")})
keys = st.sampled_from(NAMES) | st.text(string.ascii_letters + "._-", min_size=1, max_size=8) | st.text(max_size=3)
scalars = st.one_of(
    st.booleans(),
    st.integers(-3, 300),
    st.integers(-(10**30), 10**30),
    st.floats(),
    st.text(max_size=12),
    st.sampled_from(["none", "None", "loss", "cosine", "small", "uniform", "true"]),
    st.dates(),
    st.datetimes(),
    st.times(),
)
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3), max_leaves=6
)


def as_toml(value: object) -> str:
    """A value as TOML writes it in line."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, list):
        return "[" + ", ".join(map(as_toml, value)) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{quoted(k)} = {as_toml(v)}" for k, v in value.items()) + "}"
    return value.isoformat()  # type: ignore[attr-defined]


def quoted(text: str) -> str:
    """A basic string, everything unusual escaped."""
    plain = string.ascii_letters + string.digits + " _-."
    return '"' + "".join(c if c in plain else f"\\U{ord(c):08x}" for c in text) + '"'


@st.composite
def documents(draw: st.DrawFn) -> str:
    """TOML of random tables with, mostly, true names of settings."""
    lines = [f"{quoted(k)} = {as_toml(v)}" for k, v in draw(st.dictionaries(keys, values, max_size=3)).items()]
    for name, value in draw(st.dictionaries(st.sampled_from(sorted(LEAVES)), values, max_size=4)).items():
        lines.append(f"{name} = {as_toml(value)}")
    section = draw(st.none() | keys)
    if section is not None:
        lines.append(f"[{quoted(section)}]")
        lines += [f"{quoted(k)} = {as_toml(v)}" for k, v in draw(st.dictionaries(keys, values, max_size=3)).items()]
    return "\n".join(lines)


@st.composite
def mutated_recipes(draw: st.DrawFn) -> bytes:
    """A recipe with bytes changed, cut out, or lines replaced."""
    name = draw(st.sampled_from(recipe_names()))
    content = bytearray(
        (Path(configuration.__globals__["__file__"]).parents[1] / "recipes" / f"{name}.toml").read_bytes()
    )
    for _ in range(draw(st.integers(1, 4))):
        place = draw(st.integers(0, len(content) - 1))
        length = draw(st.sampled_from([0, 1, 1, 1, 5, 50]))
        content[place : place + length] = draw(
            st.binary(max_size=3) | st.sampled_from([b"9", b"-", b".", b"=", b"[", b"\n"])
        )
    return bytes(content)


def assert_loads_or_tells(content: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "mine.toml"
        path.write_bytes(content)
        try:
            config = configuration("demo", path, {})
        except SettingError as error:
            assert "mine.toml" in str(error)
            assert len(str(error)) < 1000
            return
    assert isinstance(config, SearchConfig)
    assert build(SearchConfig, to_dict(config)) == config


@fuzz(300)
@given(documents())
@example("seed = 1e400")
@example("seed = -0x1")
@example("[[loop]]\npool = 3")
@example("loop.pool = {a = [{b = 1}]}")
@example("[loop]\npool = 1__0")
def test_random_documents(text: str) -> None:
    assert_loads_or_tells(text.encode())


@fuzz(150)
@given(mutated_recipes())
def test_mutated_recipes(content: bytes) -> None:
    assert_loads_or_tells(content)


@fuzz(60)
@given(st.binary(max_size=60))
def test_random_bytes(content: bytes) -> None:
    assert_loads_or_tells(content)


@fuzz(300)
@given(st.dictionaries(st.sampled_from(sorted(LEAVES)), st.text(max_size=8) | scalars.map(str), max_size=4))
def test_flags_of_fields(flags: dict[str, str]) -> None:
    with contextlib.suppress(SettingError):
        assert isinstance(configuration("demo", None, flags), SearchConfig)


@fuzz(60)
@given(st.text(max_size=12))
def test_recipe_names(name: str) -> None:
    with contextlib.suppress(SettingError):
        load_recipe(name)


# ---- command lines ----

FLAGS = ["--help", "--version", "-h", "--json", "--nodes", "--space", "--operations", "--channels", "--out", "--"]
words = st.one_of(
    st.sampled_from([*COMMANDS, *FLAGS, "recipes", "ops", "published", ".", "runs/demo", "--loop.pool", "yes", "3"]),
    st.sampled_from(sorted(LEAVES)).map(flag),
    st.text(max_size=8),
    st.text("-=_.abc", max_size=8),
)
cheap = st.sampled_from(["list", "show", "size", "resume", "train", "unknown", "--unknown", ""])


def refused(*_: object, **__: object) -> None:
    """Takes the place of the work of a command that is not cheap."""
    raise SettingError("not in this test")


@fuzz(250)
@given(st.tuples(cheap, st.lists(words, max_size=4)).map(lambda t: [t[0], *t[1]]) | st.lists(words, max_size=4))
@example(["size", "published", "--channels"])
@example(["list", "--", "ops"])
def test_command_lines(tokens: list[str]) -> None:
    with contextlib.ExitStack() as stack:
        for name in ("search", "resume", "train", "dry_search", "dry_train", "resume_training"):
            stack.enter_context(mock.patch(f"bnao.api.{name}", refused))
        assert_told(tokens)
