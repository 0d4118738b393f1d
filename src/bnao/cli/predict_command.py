"""``bnao predict``: classes of picture files by an exported network."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from bnao.errors import printable, require


def predict(
    folder: Path,
    /,
    *images: Path,
    top: int = 3,
    json_output: Annotated[bool, Parameter(name="--json", negative=())] = False,
) -> None:
    """Classify picture files by an exported network; pictures are prepared as the search's data were.

    Parameters
    ----------
    folder
        a folder that `bnao export` wrote
    images
        picture files: png, jpeg, bmp, webp, gif, tiff, ppm
    top
        how many classes of each picture, the likeliest first
    json_output
        print JSON: a list of {image, top: [{label, name, probability}]}
    """
    require(top >= 1, "--top is at least 1", top, "give a positive number")
    require(len(images) >= 1, "bnao predict needs at least one picture", "none", "name files after the folder")
    from bnao.delivery.predict import predict as classify
    from bnao.storage.files import json_bytes

    found = classify(folder, images, top=top)
    if json_output:
        print(json_bytes(found).decode(), end="")
        return
    for prediction in found:
        classes = (f"{c.name or f'class {c.label}'} {100 * c.probability:.1f} %" for c in prediction.top)
        print(printable(f"{prediction.image}: {', '.join(classes)}"))
