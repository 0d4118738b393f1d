"""Sizes above which input is refused before anything is allocated for it."""

from __future__ import annotations

from bnao.errors import DataError

GIB = 2**30
MAX_DECODED_BYTES = 16 * GIB
"""Largest set of decoded uint8 images held in memory."""
MAX_FILE_BYTES = 4 * GIB
"""Largest single member of an archive."""
MAX_IMAGE_PIXELS = 64 * 2**20
"""Largest single picture, in pixels."""


def check_decoded_size(num_images: int, channels: int, size: tuple[int, int], where: object) -> None:
    """Raise DataError if ``num_images`` uint8 images of ``size`` (height, width) are too many for memory."""
    num_bytes = num_images * channels * size[0] * size[1]
    if num_bytes > MAX_DECODED_BYTES:
        raise DataError(
            f"decoded images may take at most {MAX_DECODED_BYTES / GIB:.0f} GiB; {where} has {num_images} images of "
            f"{channels}x{size[0]}x{size[1]} = {num_bytes / GIB:.1f} GiB: set a lower resolution or "
            "max_train_images, or read a folder of pictures as stream:FOLDER"
        )


def check_picture(width: int, height: int, where: object) -> None:
    """Raise DataError if one picture claims more pixels than any real one has."""
    if width * height > MAX_IMAGE_PIXELS:
        raise DataError(
            f"a picture has at most {MAX_IMAGE_PIXELS} pixels; {where} claims {width}x{height}: remove or shrink it"
        )
