"""Picture copies, against Pillow's own operations."""

from __future__ import annotations

import colorsys
from io import BytesIO

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageEnhance

from trimtab.core.errors import DataError
from trimtab.core.objects import Batch
from trimtab.data.augment_image import ColourJitter, Crop, Erase, Flip, Rotate, window
from trimtab.data.pictures import decode, encode

ALL = (Rotate, Crop, Flip, ColourJitter, Erase)
PICTURE = Image.fromarray(np.random.default_rng(0).integers(0, 256, (20, 30, 3), dtype=np.uint8))


def pictures(*encoded: bytes | None) -> Batch:
    return Batch(
        pl.DataFrame({"image": pl.Series(encoded, dtype=pl.Binary)}),
        np.arange(len(encoded)),
        modality="image",
    )


def pixels(data: bytes) -> np.ndarray:
    return np.array(Image.open(BytesIO(data)))


def saved(picture: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    held = BytesIO()
    picture.save(held, kind, **options)
    return held.getvalue()


@pytest.mark.parametrize("kind", ALL)
@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA"])
def test_it_makes_a_png_of_the_same_size_and_mode(kind, mode):
    batch = pictures(saved(PICTURE.convert(mode)))
    (_, made) = kind(seed=1).learn(batch)(batch)["image"]
    read = Image.open(BytesIO(made))
    assert (read.format, read.size, read.mode) == ("PNG", (30, 20), mode)
    assert not np.array_equal(np.array(read), np.array(PICTURE.convert(mode)))


def test_it_loses_nothing_but_what_it_changes():
    """A mirrored copy of a JPEG holds the very pixels of the JPEG: the copy is not compressed again."""
    batch = pictures(saved(PICTURE, "JPEG", quality=60))
    original, made = Flip().learn(batch)(batch)["image"]
    assert np.array_equal(pixels(made), pixels(original)[:, ::-1])
    assert np.array_equal(
        pixels(Flip(axis="vertical").learn(batch)(batch)["image"][1]), pixels(original)[::-1]
    )


def test_it_rotates_as_pillow_does_and_no_further_than_asked():
    angle = np.random.default_rng(4).uniform(-15, 15)
    wanted = PICTURE.rotate(angle, Image.Resampling.BILINEAR)
    assert np.array_equal(np.array(Rotate().redraw(PICTURE, np.random.default_rng(4))), np.array(wanted))


def test_it_crops_the_window_and_scales_it_to_full_size():
    box = window(PICTURE.size, (0.3, 1.0), 4 / 3, np.random.default_rng(2))
    wanted = PICTURE.crop(box).resize(PICTURE.size, Image.Resampling.BILINEAR)
    made = Crop(area=0.3).redraw(PICTURE, np.random.default_rng(2))
    assert np.array_equal(np.array(made), np.array(wanted))


@given(st.integers(1, 50), st.integers(1, 50), st.floats(0.01, 1), st.floats(1, 10), st.integers(0, 1_000))
def test_it_finds_windows_inside_the_picture_or_none(width, height, area, aspect, seed):
    box = window((width, height), (area, 1.0), aspect, np.random.default_rng(seed))
    if box is not None:
        left, top, right, bottom = box
        assert 0 <= left < right <= width
        assert 0 <= top < bottom <= height


def test_it_draws_windows_of_the_area_asked_for():
    rng = np.random.default_rng(0)
    boxes = [window((1000, 1000), (0.1, 0.3), 3.0, rng) for _ in range(300)]
    shares = [(right - left) * (bottom - top) / 1e6 for left, top, right, bottom in filter(None, boxes)]
    assert len(shares) == 300
    assert 0.099 < min(shares) < 0.12
    assert 0.28 < max(shares) < 0.301


def test_it_changes_one_colour_property_as_pillow_does():
    only = dict.fromkeys(("brightness", "contrast", "saturation", "hue"), 0.0)
    for at, (name, kind) in enumerate(
        {
            "brightness": ImageEnhance.Brightness,
            "contrast": ImageEnhance.Contrast,
            "saturation": ImageEnhance.Color,
        }.items()
    ):
        made = ColourJitter(**{**only, name: 0.5}).redraw(PICTURE, np.random.default_rng(7))
        rng = np.random.default_rng(7)
        factor = [rng.uniform(1 - by, 1 + by) for by in np.where(np.arange(3) == at, 0.5, 0)][at]
        assert np.array_equal(np.array(made), np.array(kind(PICTURE).enhance(factor)))


def test_it_turns_hues_and_leaves_saturation_and_value():
    red = Image.new("RGB", (4, 4), (200, 40, 40))
    turned = ColourJitter(brightness=0, contrast=0, saturation=0, hue=0.5)
    seen = set()
    for seed in range(20):
        colour = np.array(turned.redraw(red, np.random.default_rng(seed)))[0, 0] / 255
        hue, saturation, value = colorsys.rgb_to_hsv(*colour)
        assert saturation == pytest.approx(0.8, abs=0.02)
        assert value == pytest.approx(200 / 255, abs=0.01)
        seen.add(round(hue, 2))
    assert len(seen) > 10


def test_it_keeps_opacity_and_does_not_recolour_grey():
    clear = PICTURE.convert("RGBA")
    clear.putalpha(Image.fromarray(np.arange(600, dtype=np.uint16).reshape(20, 30).astype(np.uint8)))
    for kind in (ColourJitter, Erase):
        made = kind().redraw(clear, np.random.default_rng(0))
        assert np.array_equal(np.array(made)[..., 3], np.array(clear)[..., 3])
    grey = ColourJitter(brightness=0, contrast=0).redraw(PICTURE.convert("L"), np.random.default_rng(0))
    assert np.array_equal(np.array(grey), np.array(PICTURE.convert("L")))


@pytest.mark.parametrize("fill", ["random", "mean"])
def test_it_erases_one_window_of_the_size_asked_for(fill):
    whole = Image.new("RGB", (100, 100), (10, 20, 30))
    whole.putpixel((0, 0), (255, 255, 255))
    before = np.array(whole)
    for seed in range(20):
        made = np.array(Erase(fill=fill, least=0.1, most=0.2).redraw(whole, np.random.default_rng(seed)))
        rows, columns = np.nonzero((made != before).any(axis=2))
        if fill == "mean":
            assert len(rows) <= 1  # the mean is the colour itself
            continue
        area = (np.ptp(rows) + 1) * (np.ptp(columns) + 1)
        assert 0.09 < area / 10_000 < 0.21
        assert len(rows) > 0.99 * area


def test_it_leaves_a_row_without_a_picture_and_a_copy_that_is_equal():
    batch = pictures(None, saved(Image.new("RGB", (8, 8))))
    assert Flip().learn(batch)(batch).ids.tolist() == [0, 1]


def test_it_reads_a_picture_upright_and_in_plain_modes():
    turned = Image.Exif()
    turned[0x0112] = 6  # to be turned by 90 degrees clockwise (EXIF orientation)
    read = decode(saved(PICTURE, exif=turned), "flip", 0)
    assert np.array_equal(np.array(read), np.array(PICTURE.rotate(-90, expand=True)))
    modes = {"1": "L", "P": "RGB", "CMYK": "RGB", "LA": "RGBA"}
    for mode, wanted in modes.items():
        kind = "TIFF" if mode == "CMYK" else "PNG"
        assert decode(saved(PICTURE.convert(mode), kind), "flip", 0).mode == wanted
    assert np.array_equal(pixels(encode(PICTURE)), np.array(PICTURE))


@pytest.mark.parametrize("data", [b"", b"no picture", saved(PICTURE)[:200]])
def test_it_names_the_row_whose_bytes_are_no_picture(data):
    batch = pictures(saved(PICTURE), data)
    with pytest.raises(DataError, match=rf"step flip: row 1: {len(data)} bytes that are no picture"):
        Flip().learn(batch)(batch)


def test_it_refuses_what_it_would_have_to_flatten():
    deep = Image.fromarray(np.zeros((4, 4), np.uint16))
    with pytest.raises(DataError, match="more than 8 bits a channel"):
        decode(saved(deep), "rotate", 3)
    texts = Batch(pl.DataFrame({"image": ["a.png"]}), np.arange(1), modality="image")
    with pytest.raises(DataError, match="column 'image' holds String; give the bytes"):
        Rotate().learn(texts)(texts)
