"""One HTML page about a run that needs nothing else: no network, no script, no other file."""

from __future__ import annotations

from importlib import resources
from pathlib import Path
from typing import Any

from bnao import __version__
from bnao.data.words import examples_word
from bnao.report.commands import needs_python, pick_call, resume_call, search_again_call
from bnao.report.format import processes_text
from bnao.report.metric_words import values_word
from bnao.report.origin import is_pick, pick_words
from bnao.report.web.facts import Facts, read_facts
from bnao.report.web.front_part import fronts
from bnao.report.web.judgement import own_warnings
from bnao.report.web.ranking_part import call, card, next_step, ranking
from bnao.report.web.search_part import coverage, learning, pool, prediction, size, time
from bnao.report.web.training_page import render_training
from bnao.report.web.winner_part import comparison, drawing, key_figures, mode_text
from bnao.settings import flatten, in_words
from bnao.spaces.base import SearchSpace
from bnao.storage import RunFolder
from bnao.storage.files import write_atomic

FILE = "report.html"
LIVE_SECONDS = 4

CONTENTS = [
    ("winner", "Network"),
    ("random", "Against random"),
    ("pool", "Pool"),
    ("size", "Size"),
    ("front", "Front"),
    ("ranking", "Ranking"),
    ("predictor", "Predictor"),
    ("coverage", "Coverage"),
    ("curves", "Curves"),
    ("time", "Time"),
    ("settings", "Settings"),
]


def write_report(run: RunFolder, path: Path | None = None, space: SearchSpace | None = None) -> Path:
    """Write the page to ``path`` (the run's ``report.html``), all or nothing; its path. Raises RunError.

    ``space`` is that of a model of the user's own, which no file holds: without it such networks are shown as text.
    """
    target = run.path / FILE if path is None else path
    content = render_report(run, space=space).encode("utf-8")
    write_atomic(target, lambda file: file.write(content))
    return target


def render_report(run: RunFolder, *, live: bool = False, space: SearchSpace | None = None, nonce: str = "") -> str:
    """The page of a run, finished or not. A ``live`` one fetches itself again every few seconds from where it came.

    Equal folders give equal pages. ``nonce`` marks the one script of a live page as ours. Raises RunError where files
    of the run are damaged.
    """
    from jinja2 import Environment, StrictUndefined

    here = resources.files(__package__)
    css = (here / "style.css").read_text(encoding="utf-8")
    if run.manifest.kind == "training":
        return render_training(run, css=css, live=live, live_seconds=LIVE_SECONDS, nonce=nonce)
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    template = environment.from_string((here / "page.html.j2").read_text(encoding="utf-8"))
    return template.render(_context(read_facts(run, space)), css=css, live=live, live_seconds=LIVE_SECONDS, nonce=nonce)


def _context(facts: Facts) -> dict[str, Any]:
    run, result, manifest = facts.run, facts.result, facts.run.manifest
    spent = time(facts)
    return {
        "title": run.path.resolve().name or "run",
        "version": __version__,
        "status": manifest.status,
        "status_text": manifest.status + (f": {facts.current}" if facts.current else ""),
        "finished": result is not None,
        "recipe": manifest.recipe,
        "seed": facts.config.get("seed"),
        "data": _data(facts),
        "space": f"{facts.config['space']['name']}, {facts.started.get('space_size', 'many')} architectures",
        "created": _moment(manifest.created),
        "contents": CONTENTS,
        "pick": pick_words(facts.config) if is_pick(facts.config) else "",
        "keys": ([] if result is None else key_figures(result)) + card(facts),
        "warnings": list(dict.fromkeys(facts.warnings + own_warnings(facts))),
        "mode": "" if result is None else mode_text(result),
        "drawing": drawing(facts),
        "comparison": {} if result is None else comparison(result),
        "pool": pool(facts),
        "size": size(facts),
        "front": fronts(facts),
        "ranking": ranking(facts),
        "check": "" if facts.check is None else facts.check.text,
        "rank_call": call(facts),
        "ranking_unfinished": facts.ranking_unfinished,
        "examples": examples_word(_source(facts)),
        "metric": facts.metric.name,
        "metric_values": values_word(facts.metric),
        "prediction": prediction(facts),
        "coverage": coverage(facts),
        "sourced": facts.config.get("supernet", {}).get("source") is not None,
        "learning": learning(facts),
        "time": spent,
        "time_rows": [[r["stage"], r["share"], r["figures"]] for r in spent["rows"]],
        "machine": _machine(facts),
        "versions": ", ".join(f"{name} {version}" for name, version in sorted(manifest.versions.items())),
        "format": manifest.version,
        "generation": manifest.generation,
        "updated": _moment(manifest.updated),
        "settings": [(name, in_words(value)) for name, value in flatten(facts.config).items()],
        "next": _next(facts),
    }


def _source(facts: Facts) -> str:
    return str(facts.config.get("data", {}).get("source", ""))


def _data(facts: Facts) -> str:
    source = _source(facts)
    numbers = [
        (facts.started.get(f"num_{part}"), word) for part, word in (("train", "training"), ("valid", "validation"))
    ]
    told = ", ".join(f"{number:,} {word}" for number, word in numbers if isinstance(number, int))
    return f"{source} ({told} {examples_word(source)})" if told else source


def _machine(facts: Facts) -> str:
    started = facts.started
    device, parts = started.get("device"), started.get("parts", 1)
    if not device:
        return ""
    divided = f", batches in {parts} parts" if parts != 1 else ""
    return f"{device}, {processes_text(started.get('processes'), started.get('threads'))}{divided}"


def _moment(utc: str) -> str:
    """A time of the manifest, as people write it."""
    return utc.replace("T", " ").replace("+00:00", " UTC")


def _next(facts: Facts) -> list[tuple[str, str]]:
    path, config = facts.run.path, facts.config
    again = ", given the same model and data" if needs_python(config) else ""
    if facts.result is None:
        return [
            (resume_call(path, config), f"go on, if no process works on it any more{again}"),
            (f"bnao watch {path}", "this page, live"),
        ]
    half = facts.result.winner.num_params // 2
    return [
        (f"bnao show {path}", "the summary in the terminal"),
        (f"bnao pool {path} --csv --out pool.csv", "every architecture with its scores, as a table"),
        *next_step(facts, again),
        (pick_call(path, config, half), f"another budget from the same supernet, with no new search{again}"),
        (
            search_again_call(path, facts.run.manifest.recipe, config),
            "another seed tells how far to trust this one",
        ),
    ]
