"""Pictures that look the same, whatever their size and quality; the lookup misses none."""

from __future__ import annotations

from io import BytesIO

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.core.errors import DataError
from trimtab.core.objects import Batch
from trimtab.data.image_duplicates import ImageDuplicates
from trimtab.data.perceptual import picture_hash, similar_hashes

image = pytest.importorskip("PIL.Image")


def scene(seed: int, size: int = 96):
    """A smooth random picture, as a photograph is smooth."""
    coarse = np.random.default_rng(seed).integers(0, 256, (6, 6, 3), dtype=np.uint8)
    return image.fromarray(coarse).resize((size, size), image.Resampling.BICUBIC)


def saved(picture, kind: str = "PNG", **options) -> bytes:
    held = BytesIO()
    picture.save(held, kind, **options)
    return held.getvalue()


def batch_of_pictures(pictures: list[bytes | None]) -> Batch:
    frame = pl.DataFrame({"image": pl.Series(pictures, dtype=pl.Binary), "label": ["x"] * len(pictures)})
    return Batch(frame, np.arange(len(pictures)), modality="image")


@pytest.mark.parametrize("method", ["phash", "dhash"])
def test_it_finds_a_picture_again_after_a_change_of_size_format_and_brightness(method):
    first = scene(1)
    pictures = [
        saved(first),
        saved(first.resize((64, 64))),
        saved(first, "JPEG", quality=50),
        saved(first.point(lambda level: min(255, level + 8))),
        saved(scene(2)),
        None,
        None,
    ]
    batch = batch_of_pictures(pictures)
    after = ImageDuplicates(method=method).learn(batch)(batch)
    assert after.ids.tolist() == [0, 4, 5, 6]
    assert all(drop.reason.startswith(f"looks like row 0 ({method} differs in ") for drop in after.dropped)


def test_it_keeps_the_picture_of_most_pixels_if_asked():
    batch = batch_of_pictures([saved(scene(1, 64)), saved(scene(1, 96).resize((128, 128))), saved(scene(3))])
    assert ImageDuplicates(keep="longest").learn(batch)(batch).ids.tolist() == [1, 2]


# Hashes that ImageHash 4.3.2 gives to the same pictures: str(imagehash.phash(p)), str(imagehash.dhash(p)).
KNOWN = {
    (0, "phash"): "9e11a9f393a46c59",
    (0, "dhash"): "d8d333fcdc242763",
    (1, "phash"): "a1d6a939ec0c16f3",
    (1, "dhash"): "8fdce4640c1b9b83",
    (2, "phash"): "95d9585613aced61",
    (2, "dhash"): "3c3373fbcc040edc",
    (3, "phash"): "f853e9c1ceb91146",
    (3, "dhash"): "1818183c643c3b33",
}


@pytest.mark.parametrize(
    ("seed", "method"), [(seed, method) for seed in range(4) for method in ("phash", "dhash")]
)
def test_it_gives_the_bits_of_imagehash(seed, method):
    assert f"{picture_hash(saved(scene(seed)), method):016x}" == KNOWN[seed, method]


@given(st.data(), st.integers(0, 20))
def test_it_finds_every_pair_within_the_distance_and_no_other(data, distance):
    seeds = data.draw(st.lists(st.integers(0, 2**64 - 1), min_size=1, max_size=6))
    hashes = list(seeds)
    for value in seeds:
        for bit in data.draw(st.lists(st.sets(st.integers(0, 63), max_size=24), max_size=3)):
            hashes.append(value ^ sum(1 << at for at in bit))
    found = similar_hashes(np.array(hashes, np.uint64), np.ones(len(hashes), bool), distance)
    first = [hashes.index(value) for value in hashes]
    assert found.same.tolist() == first
    ones = sorted(set(first))
    expected = {
        (a, b) for b in ones for a in ones if a < b and (hashes[a] ^ hashes[b]).bit_count() <= distance
    }
    assert set(zip(found.left.tolist(), found.right.tolist(), strict=True)) == expected


def test_it_names_the_row_whose_bytes_are_no_picture():
    with pytest.raises(DataError, match="row 1 of column 'image' is no picture"):
        ImageDuplicates().learn(batch_of_pictures([saved(scene(1)), b"not a picture"]))
