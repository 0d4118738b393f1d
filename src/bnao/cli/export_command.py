"""``bnao export``: the network of a finished run, for use elsewhere."""

from __future__ import annotations

from pathlib import Path

from bnao.errors import printable

FILES = {
    "model.safetensors": "weights",
    "architecture.json": "what the network is, how good, and how its images are prepared",
    "model.py": "its source, which needs nothing but torch",
    "model.pt2": "the network as a program of torch (torch.export.load)",
    "model.onnx": "for other runtimes",
    "architecture.svg": "drawing",
}


def export(folder: Path, /, *, out: Path | None = None, onnx: bool = True) -> None:
    """Write the network of a finished run for use elsewhere: weights, readable source, ONNX, drawing.

    Parameters
    ----------
    folder
        a run folder that `bnao search` wrote and finished
    out
        folder to write, must be new or empty [FOLDER-network]
    onnx
        write model.onnx too; needs `pip install 'bnao[export]'`
    """
    from bnao.storage import RunFolder

    RunFolder.open(folder)
    from rich.console import Console

    from bnao.delivery.export import export as write

    place = folder.resolve()
    target = place.with_name(f"{place.name}-network") if out is None else out
    with Console(stderr=True).status("writing the network" + (" (ONNX takes up to a minute or two)" if onnx else "")):
        description = write(folder, target, onnx=onnx)
    for name, what in FILES.items():
        if (target / name).exists():
            print(f"{target / name}   {what}")
    if description.source_note:
        print(printable(description.source_note))
    if (check := description.onnx) is not None:
        print(f"model.onnx differs from torch by at most {check.largest_difference:.2g} in a logit")
