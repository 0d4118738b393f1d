from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import bnao
from bnao.cli.main import COMMANDS, main, make_app
from bnao.cli.tokens import is_switch, plain_tokens
from bnao.loop.config import SearchConfig
from bnao.settings import leaves, to_dict

Capture = pytest.CaptureFixture[str]


def error_of(tokens: list[str], capsys: Capture) -> str:
    """The one line that these tokens put on stderr; nothing on stdout, exit code 2."""
    assert main(tokens) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("bnao: error: ") and err.count("\n") == 1
    return err


def test_alone_it_says_what_to_do_next(capsys: Capture) -> None:
    assert main([]) == 0
    out = capsys.readouterr().out
    assert "bnao search" in out and "bnao show runs/demo" in out


def test_version(capsys: Capture) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out.strip() == bnao.__version__


@pytest.mark.parametrize("command", COMMANDS)
def test_help_has_an_example(command: str, capsys: Capture) -> None:
    assert main([command, "--help"]) == 0
    assert f"Example: bnao {command}" in " ".join(capsys.readouterr().out.split())


@pytest.mark.parametrize(
    ("tokens", "message"),
    [
        (["serch"], "did you mean 'search'"),
        (["xyzzy"], "Commands: search, train, show"),
        (["--wrong"], "--wrong"),
        (["search", "--supernet.training.epoch", "3"], "Did you mean --supernet.training.epochs?"),
        (["search", "--loop.pool"], "--loop.pool requires an argument"),
        (["search", "--loop.pool", "x"], "loop.pool is a whole number; received 'x'"),
        (["search", "--loop.pool", "2.0"], "loop.pool is a whole number"),
        (["search", "--seed", "-1"], "seed lies in [0, 2**63); received -1"),
        (["search", "--recipe", "dmeo"], "did you mean 'demo'"),
        (["search", "--config", "missing.toml"], "missing.toml"),
        (["search", "--controller.early-stop", "maybe"], "maybe"),
        (["search", "extra"], "extra"),
        (["size"], "TOKENS"),
        (["size", "--wrong"], "--wrong"),
        (["size", "published", "--channels", "x"], "--channels"),
        (["list", "opss"], 'Did you mean "ops"'),
        (["show"], "FOLDER"),
        (["resume", "no/run"], "is missing: check the path"),
    ],
)
def test_errors_are_one_line(tokens: list[str], message: str, capsys: Capture) -> None:
    assert message in error_of(tokens, capsys)


names = st.text("abcdelnoprst.-_", min_size=1, max_size=12)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(names)
def test_unknown_flags_never_trace_back(capsys: Capture, name: str) -> None:
    if name.replace("_", "-") not in {"seed", "data", "out", "help", "recipe", "config", "h"}:
        error_of(["search", f"--x{name}", "1"], capsys)


def test_interrupt(monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    def interrupted(name: str) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("bnao.cli.search_command.load_recipe", interrupted)
    assert main(["search"]) == 130
    assert capsys.readouterr().err == "bnao: interrupted; nothing was changed\n"


def test_as_a_program() -> None:
    done = subprocess.run([sys.executable, "-m", "bnao", "serch"], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)


def test_no_section_is_named_like_a_command() -> None:
    """A parser of commands could take such a section for the command and drop it without a word."""
    sections = {key for key, value in to_dict(SearchConfig()).items() if isinstance(value, dict)}
    words = sections | {name.split(".")[0] for name in leaves(SearchConfig())}
    assert not words & set(COMMANDS)


@pytest.mark.parametrize(
    ("typed", "plain"),
    [
        (["--a.b_c=d_e"], ["--a.b-c=d_e"]),
        (["--onnx", "no", "--data.cache", "TRUE"], ["--onnx=false", "--data.cache=true"]),
        (["--dry_run=Off", "--network.no_auxiliary", "yes"], ["--dry-run=false", "--network.no-auxiliary=true"]),
        (["--json", "1", "yes"], ["--json", "1", "yes"]),
        (["--training.compile", "off", "--out", "no"], ["--training.compile", "off", "--out", "no"]),
        (["--data=On", "--supernet.training.compile=off"], ["--data=On", "--supernet.training.compile=off"]),
        (["--x", "on", "--", "no"], ["--x", "on", "--", "no"]),
    ],
)
def test_plain_tokens(typed: list[str], plain: list[str]) -> None:
    assert plain_tokens(typed) == plain


@pytest.mark.parametrize("command", COMMANDS)
def test_on_and_off_are_read_after_each_flag_of_that_kind_and_no_other(command: str) -> None:
    for argument in make_app()[command].assemble_argument_collection():
        for name in (*argument.names, *argument.negatives):
            if name.startswith("--"):
                assert is_switch(name) == (argument.hint in (bool, bool | None)), name


def test_a_setting_with_the_value_off_is_set_by_a_flag(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    given: list[str] = []
    monkeypatch.setattr("bnao.api.dry_train", lambda settings, **_: given.append(settings.training.compile))
    monkeypatch.setattr("bnao.report.dry_run_page.print_dry_run", lambda *_: None)
    short = ["train", "--dry-run", "yes", "--processes", "1"]
    for tokens in (["--training.compile", "off"], ["--training.compile=off"], ["--training.compile", "operations"]):
        assert main([*short, *tokens]) == 0
    assert given == ["off", "off", "operations"]


def test_list_recipes(capsys: Capture) -> None:
    assert main(["list", "recipes"]) == 0
    assert re.search(r"cifar10-search\s+The paper's search", capsys.readouterr().out)


def test_a_process_of_torchrun_needs_no_run_folder_to_help(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """On a node that does not see it."""
    from bnao.loop.team import start

    for name, value in (("RANK", "1"), ("WORLD_SIZE", "2"), ("MASTER_ADDR", "here"), ("MASTER_PORT", "1")):
        monkeypatch.setenv(name, value)
    followed: list[bool] = []
    monkeypatch.setattr(start, "follow_launched", lambda: followed.append(True))
    assert main(["resume", str(tmp_path / "elsewhere")]) == 0 and followed == [True]
