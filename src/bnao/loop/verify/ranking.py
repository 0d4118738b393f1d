"""The ranking of a run: its folder, and its figures computed again from the rows of ``ranking.csv``."""

from __future__ import annotations

import csv
import io

from bnao.errors import RunError
from bnao.loop.rank.build import report_of
from bnao.loop.rank.plan import FOLDER, open_ranking
from bnao.loop.rank.result import CSV, RANKING, STATISTICS, RankingResult, Row, csv_text, ranking_of
from bnao.loop.verify.checks import Checks
from bnao.loop.verify.folder import check_files
from bnao.storage import RunFolder, from_dict, to_plain
from bnao.storage.files import read_bytes, read_json
from bnao.storage.text import decoded


def check_ranking(run: RunFolder, checks: Checks) -> None:
    """All of it, where the run has one."""
    with checks.guard("ranking"):
        folder = open_ranking(run)
        if folder is None:
            return
        check_files(folder, checks, "ranking: files")
        result = ranking_of(folder)
        if result is None:
            checks.agrees("ranking", f"begun, not finished: `bnao rank {run.path}` goes on")
            return
        with checks.guard("ranking: copies"):
            shown = from_dict(RankingResult, read_json(run.path / RANKING), source=str(run.path / RANKING))
            checks.same("ranking: copies", True, shown == result, f"{RANKING} is what {FOLDER}/ holds")
        rows = _rows(run, result, checks)
        if rows is not None and result.statistics != STATISTICS:
            text = f"computed by another version in another way: `bnao rank {run.path}` computes them again"
            checks.unchecked("ranking: figures", text)
        elif rows is not None:
            _compare(result, report_of(rows, result.rounds, result.plan, result.pool_size, result.metric), checks)


def _rows(run: RunFolder, result: RankingResult, checks: Checks) -> list[Row] | None:
    """The rows of the CSV file; None where they cannot be read."""
    with checks.guard(f"ranking: {CSV}"):
        text, reason = decoded(read_bytes(run.path / CSV))
        if reason:
            raise RunError(f"{CSV} is text in UTF-8; {reason}: `bnao rank {run.path}` writes it again")
        if text != csv_text(result):
            checks.differs(f"ranking: {CSV}", f"its rows are not those of {RANKING}: `bnao rank {run.path}` writes it")
            return None
        rows = [_row(cells, result) for cells in csv.DictReader(io.StringIO(text))]
        checks.agrees(f"ranking: {CSV}", f"{len(rows)} rows, those of {RANKING}")
        return rows
    return None


def _row(cells: dict[str, str], result: RankingResult) -> Row:
    def number(name: str) -> float | None:
        return float(cells[name]) if cells[name] else None

    return Row(
        id=cells["id"],
        architecture=cells["architecture"],
        origin=cells["origin"],
        round=int(cells["round"]),
        num_params=int(cells["num_params"]),
        macs=int(cells["macs"]),
        live_params=int(cells["live_params"]) if cells["live_params"] else None,
        operations=[int(cells[f"num_{name}"]) for name in result.operations],
        scores=[number(f"score_round_{number_of}") for number_of in result.rounds],
        metric=number("metric"),
        second_metric=number("second_metric"),
        seconds=float(cells["seconds"]),
    )


def _compare(result: RankingResult, found: object, checks: Checks) -> None:
    recorded, again = to_plain(result.report), to_plain(found)
    tau = result.report.score.overall.kendall.value
    if recorded == again:
        checks.agrees("ranking: figures", f"all equal, computed again from {CSV} (Kendall's tau {tau})")
        return
    new = again["score"]["overall"]["kendall"]["value"]
    checks.close("ranking: figures", tau, new, "Kendall's tau")
    checks.same("ranking: verdict", recorded["verdict"]["kind"], again["verdict"]["kind"], recorded["verdict"]["kind"])
