"""What a picture file says beside its pixels: how it stands, and what of it is transparent."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps

from bnao.data import DataConfig, load
from bnao.data.crops import cut
from bnao.data.decode import decode, picture, picture_form

ORIENTATION = 0x0112
UPRIGHT = np.random.default_rng(0).integers(0, 256, (4, 6, 3), dtype=np.uint8)


def saved(image: Image.Image, form: str, **how: object) -> io.BytesIO:
    stream = io.BytesIO()
    image.save(stream, form, **how)
    stream.seek(0)
    return stream


def with_orientation(number: int, form: str) -> io.BytesIO:
    exif = Image.Exif()
    exif[ORIENTATION] = number
    lossless = {"lossless": True} if form == "WEBP" else {}
    return saved(Image.fromarray(UPRIGHT), form, exif=exif, **lossless)


@pytest.mark.parametrize("form", ["PNG", "WEBP", "TIFF", "JPEG"])
@pytest.mark.parametrize("number", range(1, 9))
def test_a_picture_stands_as_its_orientation_says(number: int, form: str) -> None:
    stream = with_orientation(number, form)
    wanted = np.asarray(ImageOps.exif_transpose(Image.open(stream)))
    stream.seek(0)
    pixels = decode(stream, 3, None, (form,), "it")
    assert (pixels == wanted).all()
    stream.seek(0)
    assert picture_form(stream, (form,), "it") == (3, *pixels.shape[:2]) == (3, *((6, 4) if number >= 5 else (4, 6)))


@pytest.mark.parametrize("number", [0, 9, 77])
def test_an_orientation_that_is_none_and_a_damaged_note_are_passed_over(number: int) -> None:
    assert (decode(with_orientation(number, "PNG"), 3, None, None, "it") == UPRIGHT).all()
    damaged = saved(Image.fromarray(UPRIGHT), "PNG", exif=b"Exif\x00\x00MM\x00*\xff\xff")
    assert (decode(damaged, 3, None, None, "it") == UPRIGHT).all()


def test_a_folder_of_pictures_that_lie_and_that_stand_has_one_size(tmp_path: Path) -> None:
    standing, exif = Image.fromarray(UPRIGHT).transpose(Image.Transpose.ROTATE_90), Image.Exif()
    exif[ORIENTATION] = 6
    for k in range(2):
        (tmp_path / f"class{k}").mkdir()
        for n in range(4):
            image, note = (standing, {"exif": exif}) if n % 2 else (Image.fromarray(UPRIGHT), {})
            (tmp_path / f"class{k}" / f"{n}.png").write_bytes(saved(image, "PNG", **note).getvalue())
    data, _ = load(DataConfig(source=f"folder:{tmp_path}", valid_fraction=0.5, cache=False), seed=0)
    assert data.task.image_size == (4, 6)
    assert all((image.transpose(1, 2, 0) == UPRIGHT).all() for image in data.train.images_NCHW.numpy())


def test_a_part_is_cut_from_the_upright_picture(tmp_path: Path) -> None:
    (tmp_path / "it.png").write_bytes(with_orientation(3, "PNG").getvalue())
    Image.fromarray(UPRIGHT[::-1, ::-1]).save(tmp_path / "upright.png")
    assert (cut(tmp_path / "it.png", 4) == cut(tmp_path / "upright.png", 4)).all()


def shape_on_nothing(mode: str) -> io.BytesIO:
    """A black square that is seen, on a black ground that is transparent."""
    image = Image.new("RGBA", (6, 6), (0, 0, 0, 0))
    image.paste((0, 0, 0, 255), (0, 0, 3, 3))
    if mode == "P":
        indices = Image.new("P", (6, 6), 1)
        indices.putpalette([0, 0, 0, 0, 0, 0])
        indices.paste(0, (0, 0, 3, 3))
        return saved(indices, "PNG", transparency=1)
    if mode == "L":  # one gray is transparent
        gray = Image.new("L", (6, 6), 7)
        gray.paste(0, (0, 0, 3, 3))
        return saved(gray, "PNG", transparency=7)
    return saved(image.convert(mode), "PNG")


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("mode", ["RGBA", "LA", "P", "L"])
def test_what_is_transparent_shows_white(mode: str, channels: int) -> None:
    pixels = decode(shape_on_nothing(mode), channels, None, ("PNG",), "it")
    wanted = np.full((6, 6, channels), 255)
    wanted[:3, :3] = 0
    assert (pixels == wanted).all()


def test_half_transparent_is_mixed_with_white_and_opaque_stays_as_it_is() -> None:
    half = saved(Image.new("RGBA", (2, 2), (0, 100, 200, 128)), "PNG")
    assert decode(half, 3, None, None, "it")[0, 0].tolist() == [127, 177, 227]
    opaque = saved(Image.fromarray(UPRIGHT).convert("RGBA"), "PNG")
    assert (decode(opaque, 3, None, None, "it") == UPRIGHT).all()


def test_four_channels_keep_the_opacity() -> None:
    half = saved(Image.new("RGBA", (2, 2), (0, 100, 200, 128)), "PNG")
    assert decode(half, 4, None, None, "it")[0, 0].tolist() == [0, 100, 200, 128]
    assert (np.asarray(picture(saved(Image.fromarray(UPRIGHT), "PNG"), 4, None, "it"))[..., 3] == 255).all()
