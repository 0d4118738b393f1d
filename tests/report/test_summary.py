import io
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from bnao.loop.result import SearchResult
from bnao.report import print_list, print_summary
from bnao.report.comparison import comparison_sentence
from bnao.storage import RunFolder

Make = Callable[..., SearchResult]


def _printed(result: SearchResult, width: int, folder: Path | None = None, encoding: str = "utf-8") -> str:
    file = io.TextIOWrapper(io.BytesIO(), encoding=encoding, write_through=True)
    print_summary(result, Console(file=file, width=width), folder=folder)
    buffer = file.buffer
    assert isinstance(buffer, io.BytesIO)
    return buffer.getvalue().decode(encoding)


@pytest.mark.parametrize("width", [80, 120])
def test_the_key_figures_are_there(make_result: Make, width: int) -> None:
    text = _printed(make_result(), width)
    assert max(map(len, text.splitlines())) <= width
    flat = " ".join(text.split())
    for part in (
        "   ●───2", "85.32 % ± 0.79 (standard error), measured on 2,000 test images", "4,387,654 (4.39 M)",
        "4,864,080 in training, with auxiliary head", "684,238,464 (684.2 M) an image", "trained from scratch",
        "recipe demo, seed 3", "best of 5 searched", "70.50 % held out (validation 69.00 %)", "best of 5 random",
        "+1.70 ± 1.10 (standard error) percentage points", "Within noise", "★ searched", "★ random", "-1.2500",
        "614.9 k", "1 min 05 s", "loss 1.5", "200, 100", "few [red]images[/red]",
    ):  # fmt: skip
        assert part in text or part in flat, part
    assert "0 1 1 2 " * 5 + "| " + "0 1 1 2 " * 4 in flat


@pytest.mark.parametrize("width", [30, 50, 79])
@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
def test_any_width_and_encoding(make_result: Make, width: int, encoding: str) -> None:
    text = _printed(make_result(), width, encoding=encoding)
    assert max(map(len, text.splitlines())) <= width
    assert "85.32 %" in text


def test_colour_does_not_change_the_words(make_result: Make) -> None:
    plain, coloured = Console(width=80, record=True, file=io.StringIO()), None
    print_summary(make_result(), plain)
    coloured = Console(width=80, record=True, file=io.StringIO(), force_terminal=True, color_system="truecolor")
    print_summary(make_result(), coloured)
    assert plain.export_text() == coloured.export_text()


@pytest.mark.parametrize(
    ("gain", "error", "words"),
    [
        (0.017, 0.011, "Within noise"),
        (-0.017, 0.011, "Within noise"),
        (0.0, 0.0, "Within noise"),
        (0.03, 0.01, "the searched network is better"),
        (-0.03, 0.01, "here the search did not pay"),
        (None, None, "No random architectures"),
        (0.03, None, "cannot be told from chance"),
    ],
)
def test_the_sentence_does_not_oversell(make_result: Make, gain: float | None, error: float | None, words: str) -> None:
    result = make_result(gain=gain, gain_standard_error=error)
    assert words in comparison_sentence(result)
    assert words.split()[0] in _printed(result, 80)
    if error is not None:
        assert "other seeds" in comparison_sentence(result)


def test_a_result_with_nothing_but_a_winner(make_result: Make) -> None:
    text = _printed(
        make_result(trained=[], gain=None, pool_size=0, stage_seconds={}, warnings=[], drawing="", pool_by_round=[]), 80
    )
    assert "random" not in text and "Time" not in text and "85.32 %" in text


def test_files_and_next_steps(make_result: Make, tmp_path: Path) -> None:
    (tmp_path / "winner.safetensors").write_bytes(b"")
    text = "".join(_printed(make_result(), 200, folder=tmp_path).split())
    assert f"{tmp_path}/winner.safetensorsweights" in text and "pool.sqlite" not in text
    assert f"bnaoshow{tmp_path}" in text


def _offered(result: SearchResult, folder: Path) -> bool:
    return "one-shot ranking be trusted" in " ".join(_printed(result, 200, folder=folder).split())


def test_the_end_of_a_search_says_how_its_ranking_is_measured(make_result: Make, tmp_path: Path) -> None:
    own = {"data": {"source": "own"}}
    for name, config, call in (("a", {"seed": 0}, f"bnao rank {tmp_path}/a "), ("b", own, "/b', ...)")):
        run = RunFolder.create(tmp_path / name, config=config, recipe="demo")
        text = " ".join(_printed(make_result(), 200, folder=run.path).split())
        assert call in text and "Trains 40 of the pool alone" in text
        assert "Trains 12 of" in " ".join(_printed(make_result(pool_size=12), 200, folder=run.path).split())
        assert not _offered(make_result(pool_size=4), run.path), "no ranking has fewer than 5"
    RunFolder.create(tmp_path / "a" / "ranking", config={}, recipe="demo", kind="ranking")
    assert not _offered(make_result(), tmp_path / "a"), "it is there, or begun"


def test_a_pick_says_of_which_run_and_within_which_limit(make_result: Make, tmp_path: Path) -> None:
    config = {"supernet": {"source": "runs/photos"}, "limits": {"max_params": 50_000, "latency_batch": 1}}
    run = RunFolder.create(tmp_path / "small", config=config, recipe="demo")
    text = " ".join(_printed(make_result(), 200, folder=run.path).split())
    assert "a pick from the supernet of runs/photos, at most 50,000 parameters; recipe demo, seed 3" in text
    assert not _offered(make_result(), run.path)


def test_lists() -> None:
    console = Console(width=40, file=io.StringIO(), record=True)
    print_list("policies", {"uniform": "every path alike, " * 6, "size": "by size"}, console)
    print_list("nothing", {}, console)
    text = console.export_text()
    assert max(map(len, text.splitlines())) <= 40 and "  uniform   every path alike" in text and "  none" in text


def test_the_form_of_the_output_is_named_only_where_there_are_two(make_result: Make) -> None:
    assert "; output concat" in _printed(make_result(), 200)
    result = make_result()
    assert "output" not in _printed(replace(result, drawing="", winner=replace(result.winner, output="")), 200)
