"""The latency of the delivered network in words."""

from __future__ import annotations

from bnao.cost.limit_check import amount
from bnao.loop.result import WinnerLatency


def latency_text(found: WinnerLatency) -> str:
    """What was measured, what was predicted, and what was allowed.

    >>> latency_text(WinnerLatency(limit_ms=2.0, predicted_ms=1.84))
    '1.84 ms by your function; at most 2 ms'
    """
    if found.whole_ms is None:
        return f"{amount(found.predicted_ms)} ms by your function; at most {amount(found.limit_ms)} ms"
    spread = "" if found.spread_ms is None else f" ± {amount(found.spread_ms)}"
    return f"{amount(found.whole_ms)}{spread} ms measured whole; at most {amount(found.limit_ms)} ms{_verdict(found)}"


def latency_note(found: WinnerLatency) -> str:
    """Where it was measured, and how near the table came."""
    if found.whole_ms is None:
        return ""
    error = "" if found.table_error is None else f", whose error is about {100 * found.table_error:.0f} %"
    return f"{found.where}; {amount(found.predicted_ms)} ms by the table that the search went by{error}"


def _verdict(found: WinnerLatency) -> str:
    assert found.whole_ms is not None
    if found.breaks:
        return ": THE LIMIT IS BROKEN"
    return "" if found.whole_ms <= found.limit_ms else ": over it, within the spread of the measurement"
