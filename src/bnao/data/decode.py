"""Decoding of pictures with pillow. Imports no torch.

One thread: at 32x32 a picture costs 70 microseconds, nearly all of it Python; two threads took twice as long.
"""

from __future__ import annotations

from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from bnao.data.limits import check_picture
from bnao.data.resize import area_matrix, central_square
from bnao.errors import DataError, brief

_GRAY_MODES = ("1", "L", "LA")
_WIDE_MODES = ("I", "F")


def picture_form(stream: IO[bytes] | Path, formats: tuple[str, ...] | None, where: object) -> tuple[int, int, int]:
    """(channels, height, width) of a picture, from its header: 1 channel if it is gray, else 3.

    ``formats`` restricts what is recognised (pillow's names). Raises DataError if it is no picture, claims too many
    pixels, or has more than 8 bits a channel.
    """
    try:
        with Image.open(stream, formats=formats) as opened:
            return _form(opened, where)
    except DataError:
        raise
    except Exception as error:  # as in :func:`picture`
        raise _damaged(where, error) from error


def picture(stream: IO[bytes] | Path, channels: int, formats: tuple[str, ...] | None, where: object) -> Image.Image:
    """The decoded picture, gray for 1 channel, RGB for 3. Raises DataError as :func:`decode`."""
    try:
        with Image.open(stream, formats=formats) as opened:
            _form(opened, where)
            return opened.convert("L" if channels == 1 else "RGB")
    except DataError:
        raise
    except Exception as error:  # pillow's readers raise a dozen types; all mean a damaged picture
        raise _damaged(where, error) from error


def decode(
    stream: IO[bytes] | Path, channels: int, resolution: int | None, formats: tuple[str, ...] | None, where: object
) -> NDArray[np.uint8]:
    """Pixels, uint8 (H, W, channels); gray pictures are repeated for 3 channels, colour is made gray for 1.

    With ``resolution``, the central square is brought to that side: by area averaging if it is larger, bilinearly if
    smaller. Raises DataError as :func:`picture_form`, and if the data are damaged.
    """
    wanted = picture(stream, channels, formats, where)
    if resolution is not None and wanted.size != (resolution, resolution):
        top, left, side = central_square(wanted.height, wanted.width)
        wanted = wanted.crop((left, top, left + side, top + side))
        if side < resolution:
            wanted = wanted.resize((resolution, resolution), Image.Resampling.BILINEAR)
    pixels: NDArray[np.uint8] = np.asarray(wanted, dtype=np.uint8).reshape(wanted.height, wanted.width, channels)
    if resolution is not None and pixels.shape[0] > resolution:
        weights = area_matrix(pixels.shape[0], resolution)
        reduced = np.einsum("hi,ijc,wj->hwc", weights, pixels.astype(np.float32), weights, optimize=True)
        pixels = np.rint(reduced).clip(0, 255).astype(np.uint8)
    return pixels


def _form(picture: Image.Image, where: object) -> tuple[int, int, int]:
    check_picture(picture.width, picture.height, where)
    if picture.mode in _WIDE_MODES or picture.mode.startswith("I;"):
        raise DataError(
            f"pictures have 8 bits a channel; {where} has pillow's mode {picture.mode!r}: convert it to 8 bits"
        )
    return 1 if picture.mode in _GRAY_MODES else 3, picture.height, picture.width


def _damaged(where: object, error: BaseException) -> DataError:
    return DataError(
        f"a picture must be whole and of a known format; {where} is not ({brief(error)}): replace or remove it"
    )
