"""Mixed pictures: the blend that the weights say, of pairs that are the same in any order of rows."""

from __future__ import annotations

from io import BytesIO

import numpy as np
import polars as pl
import pytest
from PIL import Image

from rows import images_of
from trimtab.core.errors import DataError
from trimtab.core.objects import Batch
from trimtab.data.mixup import Mixup
from trimtab.data.pictures import encode

LEVELS = (0, 100, 255)


def plain_pictures(*sizes: tuple[int, int]) -> Batch:
    """A picture of one level for each of LEVELS; the label says the level."""
    images = [encode(Image.new("RGB", size, (level,) * 3)) for size, level in zip(sizes, LEVELS, strict=True)]
    columns = {"image": pl.Series(images, dtype=pl.Binary), "label": [str(level) for level in LEVELS]}
    return Batch(pl.DataFrame(columns), np.arange(3), modality="image")


def test_it_blends_in_the_weights_that_it_writes_down():
    batch = plain_pictures((8, 8), (4, 12), (8, 8))
    step = Mixup(alpha=1.0, copies=5).learn(batch)
    mixed = step(batch).columns[3:]
    assert len(mixed) == 15
    for at, (data, label, partner, weight) in enumerate(mixed.iter_rows()):
        picture = Image.open(BytesIO(data))
        assert partner != label
        assert 0.5 <= weight <= 1
        assert picture.size == ((4, 12) if at % 3 == 1 else (8, 8))
        expected = weight * int(label) + (1 - weight) * int(partner)
        assert np.abs(np.array(picture) - expected).max() <= 1


def test_it_leaves_other_rows_alone_and_says_that_they_are_unmixed():
    batch = images_of(6)
    after = Mixup().learn(batch)(batch)
    assert after.columns[:6].drop("mix_label", "mix_weight").equals(batch.columns)
    assert after["mix_weight"][:6].to_list() == [1.0] * 6
    assert after["mix_label"][:6].null_count() == 6


def test_it_does_not_mix_what_is_mixed():
    batch = images_of(6)
    once = Mixup(seed=1).learn(batch)(batch)
    twice = Mixup(seed=2).learn(once)(once)
    assert len(twice) == 18
    assert set(twice["mix_label"][12:]) <= {"a", "b"}


def test_it_draws_weights_from_the_folded_beta():
    batch = images_of(6, side=4)
    step = Mixup(alpha=1.0, copies=100).learn(batch)
    weights = step(batch)["mix_weight"][6:].to_numpy()
    assert weights.mean() == pytest.approx(0.75, abs=0.03)  # uniform on 0.5 to 1; five standard errors
    assert weights.max() - weights.min() > 0.49


def test_it_needs_partners_and_labels():
    batch = images_of(2)
    alone = batch.with_columns(label=pl.Series(["a", None], dtype=pl.String))
    after = Mixup().learn(alone)(alone)
    assert len(after) == 2
    assert {"mix_label", "mix_weight"} <= set(after.columns.columns)
    with pytest.raises(DataError, match="no column 'kind'"):
        Mixup(label="kind").learn(batch)(batch)


def test_it_mixes_grey_and_clear_pictures_without_losing_either():
    grey, clear = Image.new("L", (4, 4), 200), Image.new("RGBA", (4, 4), (0, 0, 0, 100))
    columns = {"image": pl.Series([encode(grey), encode(clear)]), "label": ["a", "b"]}
    batch = Batch(pl.DataFrame(columns), np.arange(2), modality="image")
    made = Mixup().learn(batch)(batch)["image"][2:]
    assert [Image.open(BytesIO(data)).mode for data in made] == ["RGBA", "RGBA"]
