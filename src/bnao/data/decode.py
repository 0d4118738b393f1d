"""Decoding of pictures with pillow. Imports no torch.

A picture stands as its EXIF orientation says (phones store it so), and what is transparent in it shows white, unless 4
channels are wanted: red, green, blue and opacity.

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

MODES = {1: "L", 3: "RGB", 4: "RGBA"}
"""Pillow's modes by number of channels."""
_GRAY_MODES = ("1", "L", "LA")
_ALPHA_MODES = ("LA", "La", "PA", "RGBA", "RGBa")
_WIDE_MODES = ("I", "F")
_ORIENTATION = 0x0112  # the EXIF tag
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""What brings a picture of this orientation to stand upright; from 5 on height and width change places."""


def picture_form(stream: IO[bytes] | Path, formats: tuple[str, ...] | None, where: object) -> tuple[int, int, int]:
    """(channels, height, width) of a picture that stands upright, from its header: 1 channel if it is gray, else 3.

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
    """The decoded picture: gray for 1 channel, RGB for 3, RGBA for 4. Raises DataError as :func:`decode`."""
    assert channels in MODES
    try:
        with Image.open(stream, formats=formats) as opened:
            _form(opened, where)
            turn = _TURNS.get(_orientation(opened))
            upright = _converted(opened, MODES[channels])
            return upright if turn is None else upright.transpose(turn)
    except DataError:
        raise
    except Exception as error:  # pillow's readers raise a dozen types; all mean a damaged picture
        raise _damaged(where, error) from error


def decode(
    stream: IO[bytes] | Path, channels: int, resolution: int | None, formats: tuple[str, ...] | None, where: object
) -> NDArray[np.uint8]:
    """Pixels, uint8 (H, W, channels); gray pictures are repeated for 3 channels, colour is made gray for 1. For
    4 the last is opacity, 255 throughout where the picture has none.

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
    channels = 1 if picture.mode in _GRAY_MODES else 3
    lies = _orientation(picture) >= 5
    return (channels, picture.width, picture.height) if lies else (channels, picture.height, picture.width)


def _orientation(picture: Image.Image) -> int:
    """1 to 8, as EXIF numbers them; 1, upright, where nothing readable is said. Pillow itself turns TIFF pictures."""
    if "exif" not in picture.info:
        return 1
    try:
        value = picture.getexif().get(_ORIENTATION)
    except Exception:  # a damaged note beside a picture that may be whole
        return 1
    return value if isinstance(value, int) and value in _TURNS else 1


def _converted(picture: Image.Image, mode: str) -> Image.Image:
    """In ``mode``, on a white ground where that has no opacity."""
    if mode != "RGBA" and (picture.mode in _ALPHA_MODES or "transparency" in picture.info):
        picture = picture.convert("RGBA")
        opacity = picture.getchannel("A")
        if opacity.getextrema() != (255, 255):
            ground = Image.new("RGB", picture.size, "white")
            ground.paste(picture, mask=opacity)
            picture = ground
    return picture.convert(mode)


def _damaged(where: object, error: BaseException) -> DataError:
    return DataError(
        f"a picture must be whole and of a known format; {where} is not ({brief(error)}): replace or remove it"
    )
