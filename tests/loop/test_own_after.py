"""What goes on from a search of the user's own model: ranking, another budget, latency, pages without the model."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path

import pytest
from tests.loop.test_own_search import FLAT, MICRO, PLUGIN, SHORT, One
from torch.utils.data import TensorDataset

import bnao
from bnao.cli.main import main
from bnao.errors import Interrupted, RunError, SettingError
from bnao.report.web.page import render_report
from bnao.storage import RunFolder

GIVEN = {
    "train": TensorDataset(FLAT[:64], FLAT[:64, :1]),
    "valid": TensorDataset(FLAT[64:], FLAT[64:, :1]),
}
SETTINGS = MICRO | {"loop.pool": 10, "rerank.top": 3, "check.when": "always", "check.architectures": 5}


@pytest.fixture(scope="module")
def searched(tmp_path_factory: pytest.TempPathFactory) -> bnao.Result:
    out = tmp_path_factory.mktemp("own") / "run"
    return bnao.search(
        One, out, **GIVEN, loss="mse", epochs=1, seed=0, settings=SETTINGS, max_latency_ms=1000.0
    )  # fmt: skip


def test_a_limit_on_latency_is_kept_by_whole_networks(searched: bnao.Result) -> None:
    found = searched.summary.winner.latency
    assert found is not None and found.whole_ms is not None and 0 < found.predicted_ms < found.limit_ms == 1000
    table = json.loads((RunFolder.open(searched.path).file("latency.json")).read_text())
    assert table["factor"] == 1 and table["how"].startswith("whole networks") and 20 < len(table["networks"]) <= 48
    assert set(searched.front.trained) == {"params", "macs", "latency_ms"}


def test_the_ranking_is_judged_by_the_runs_metric(searched: bnao.Result) -> None:
    found = bnao.rank(searched.path, 6, second_seed=5, model=One, **GIVEN)
    assert found.metric.name == "mse" and found.examples == "examples"
    truth = [row.metric for row in found.rows]
    assert found.report.score.pick.best == pytest.approx(min(truth))
    negated = [-value for value in truth]
    tau = bnao.ranking.kendall([row.scores[-1] for row in found.rows], negated)
    assert found.report.score.overall.kendall.value == pytest.approx(tau)
    with (searched.path / "ranking.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [float(row["metric"]) for row in rows] == [row.metric for row in found.rows]
    page = render_report(RunFolder.open(searched.path))
    assert "stand-alone mse (lower is better)" in page and "values of mse" in page
    assert "accuracy when trained" not in page


def test_what_was_given_in_python_stays_in_one_process(searched: bnao.Result) -> None:
    with pytest.raises(SettingError, match=r"leave processes out"):
        bnao.rank(searched.path, 6, processes=2, model=One, **GIVEN)
    with pytest.raises(SettingError, match="go on from Python"):
        bnao.rank(searched.path, 7)


def test_another_budget_of_ones_own_model(searched: bnao.Result, tmp_path: Path) -> None:
    picked = bnao.pick(searched.path, tmp_path / "small", max_params=300, model=One, **GIVEN)
    assert picked.best.num_params <= 300 and isinstance(picked.module, One)
    with pytest.raises(SettingError, match="go on from Python"):
        bnao.pick(searched.path, tmp_path / "other", max_params=300)
    assert not (tmp_path / "other").exists()


@pytest.mark.usefixtures("drawn")
def test_pages_without_the_model(searched: bnao.Result, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = str(searched.path)
    for command in (["show", path], ["report", path, "--out", str(tmp_path / "page.html")], ["pool", path]):
        assert main(command) == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert "blocks.0" in shown and "mse" in shown
    assert not re.search(r"(?<!pairwise )(?<!word )(?<!reconstruct )accurac", shown)  # those are the controller's
    page = (tmp_path / "page.html").read_text()
    for words in ("blocks.0", "Supernet: training mse", "validation mse (lower is better)", "validation examples"):
        assert words in page
    assert "bnao.pick(" in page and "bnao rank " not in page and " images" not in page
    again = bnao.resume(path)
    assert again.metric == searched.metric
    with pytest.raises(RunError, match="made with it"):
        _ = again.module
    with pytest.raises(SettingError, match="prepared by you"):
        _ = again.normalisation


def test_a_run_that_has_not_finished_is_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def stop(kind: str, **fields: object) -> None:
        if kind == "stage_finished" and fields["stage"] == "controller-1":
            raise KeyboardInterrupt

    out = tmp_path / "cut"
    with pytest.raises(Interrupted):
        bnao.search(One, out, **GIVEN, loss="mse", epochs=1, seed=0, settings=SETTINGS, listener=stop)
    assert main(["show", str(out)]) == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert "bnao.resume(" in shown and "score and mse (lower is better" in shown
    page = render_report(RunFolder.open(out), live=True)
    assert "values of mse are of the validation examples" in page and "bnao.resume(" in page


def test_a_plugin_is_ranked_over_processes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "my_model.py").write_text(
        PLUGIN.replace('"1": lambda', '"2": lambda: nn.Conv2d(3, 4, 5, padding=2), "1": lambda')
        .replace(
            "self.head =",
            'self.more = bnao.OneOf({"a": lambda: nn.Conv2d(4, 4, 1), "b": nn.Identity})\n        self.head =',
        )
        .replace("self.body(x)", "self.more(self.body(x))")
    )
    monkeypatch.chdir(tmp_path)
    flags = [word for name, value in (SHORT | {"loop.pool": "6"}).items() for word in (f"--{name}", value)]
    assert main(["search", "--plugin", "my_model.py:Net", "--data", "sample", "--out", "run", *flags]) == 0
    assert main(["rank", "run", "--architectures", "5", "--processes", "2"]) == 0
    assert "Can the ranking be trusted?" in capsys.readouterr().out
    assert len(json.loads((tmp_path / "run" / "ranking.json").read_text())["rows"]) == 5
