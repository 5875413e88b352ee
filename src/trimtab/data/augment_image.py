"""Makes more train pictures out of those there are: turned, cropped, mirrored, recoloured, with a hole."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
import polars as pl
from pydantic import Field

from trimtab.core.columns import UsualColumn
from trimtab.core.errors import DataError
from trimtab.core.objects import Batch
from trimtab.data.added_rows import ChangedCopies
from trimtab.data.kinds import present
from trimtab.data.pictures import decode, encode, pillow

Share = Annotated[float, Field(gt=0, le=1)]
TRIES = 10
"""How often a random window is drawn anew that does not fit, as torchvision does."""


def picture_column(batch: Batch, column: str, step: str) -> str:
    """The column of encoded pictures, which the batch has.

    Raises:
        DataError: it is not there, or holds no bytes.
    """
    present(batch, [column], step)
    if batch[column].dtype not in (pl.Binary, pl.Null):
        raise DataError(
            f"step {step}",
            f"column '{column}' holds {batch[column].dtype}",
            "give the bytes of a PNG or JPEG a row",
        )
    return column


@dataclass(frozen=True)
class PictureCopies(ChangedCopies):
    """What the picture steps share: encoded pictures in `image`; copies are PNG, of the same size."""

    accepts: ClassVar[frozenset[str]] = frozenset({"image"})

    image: UsualColumn = "image"

    def column(self, batch: Batch) -> str:
        """The column of pictures."""
        return picture_column(batch, self.image, self.name)

    def change(self, value: Any, rng: np.random.Generator, row: int) -> bytes | None:
        """The changed picture; None where it stayed as it was."""
        picture = decode(value, self.name, row)
        changed = self.redraw(picture, rng)
        return None if changed.tobytes() == picture.tobytes() else encode(changed)

    @abstractmethod
    def redraw(self, picture: Any, rng: np.random.Generator) -> Any:
        """The changed picture, a new one, of the same size and mode."""


@dataclass(frozen=True)
class Rotate(PictureCopies):
    """Add copies of pictures turned by up to `degrees` to either side; what comes into view is black."""

    name: ClassVar[str] = "rotate"

    degrees: Annotated[float, Field(gt=0, le=180)] = 15.0

    def redraw(self, picture: Any, rng: np.random.Generator) -> Any:
        """The picture turned about its middle, interpolated bilinearly."""
        angle = float(rng.uniform(-self.degrees, self.degrees))
        return picture.rotate(angle, pillow("Image", self.name).Resampling.BILINEAR)


@dataclass(frozen=True)
class Crop(PictureCopies):
    """Add copies of pictures that are a random window, at least `area` of the picture, at full size.

    Random resized crop (Szegedy et al., 2015): the window's ratio of sides is changed by up to `aspect`,
    evenly in its logarithm. After ten windows that do not fit, the picture is left alone.
    """

    name: ClassVar[str] = "crop"

    area: Share = 0.5
    aspect: Annotated[float, Field(ge=1, le=10)] = 4 / 3

    def redraw(self, picture: Any, rng: np.random.Generator) -> Any:
        """A window of the picture, scaled bilinearly."""
        box = window(picture.size, (self.area, 1.0), self.aspect, rng)
        if box is None:
            return picture
        return picture.crop(box).resize(picture.size, pillow("Image", self.name).Resampling.BILINEAR)


@dataclass(frozen=True)
class Flip(PictureCopies):
    """Add a mirrored copy of each picture: left and right change places, or top and bottom."""

    name: ClassVar[str] = "flip"

    copies: Annotated[int, Field(ge=1, le=1)] = 1
    axis: Literal["horizontal", "vertical"] = "horizontal"

    def redraw(self, picture: Any, rng: np.random.Generator) -> Any:
        """The picture mirrored."""
        del rng
        ops = pillow("ImageOps", self.name)
        return ops.mirror(picture) if self.axis == "horizontal" else ops.flip(picture)


@dataclass(frozen=True)
class ColourJitter(PictureCopies):
    """Add copies of pictures in changed brightness, contrast, saturation and hue, in this order.

    The first three are factors, even between 1 - value and 1 + value (ITU-R 601-2 luma, as Pillow's
    ImageEnhance); `hue` is the share of the colour circle by which colours move to either side. Opacity
    stays; grey pictures have neither saturation nor hue.
    """

    name: ClassVar[str] = "colour_jitter"

    brightness: Annotated[float, Field(ge=0, le=1)] = 0.2
    contrast: Annotated[float, Field(ge=0, le=1)] = 0.2
    saturation: Annotated[float, Field(ge=0, le=1)] = 0.2
    hue: Annotated[float, Field(ge=0, le=0.5)] = 0.02

    def redraw(self, picture: Any, rng: np.random.Generator) -> Any:
        """The picture in other colours."""
        enhance = pillow("ImageEnhance", self.name)
        factors = [rng.uniform(1 - by, 1 + by) for by in (self.brightness, self.contrast, self.saturation)]
        turn = round(255 * rng.uniform(-self.hue, self.hue))
        opacity = picture.getchannel("A") if picture.mode == "RGBA" else None
        coloured = picture.convert("RGB") if opacity else picture
        kinds = (enhance.Brightness, enhance.Contrast, enhance.Color)
        for kind, factor in zip(kinds, factors, strict=True):
            if coloured.mode == "RGB" or kind is not enhance.Color:
                coloured = kind(coloured).enhance(factor)
        if turn and coloured.mode == "RGB":
            hue, *rest = coloured.convert("HSV").split()
            turned = hue.point([(level + turn) % 256 for level in range(256)])
            coloured = pillow("Image", self.name).merge("HSV", (turned, *rest)).convert("RGB")
        if opacity:
            coloured = coloured.copy()
            coloured.putalpha(opacity)
        return coloured


@dataclass(frozen=True)
class Erase(PictureCopies):
    """Add copies of pictures with a random window overwritten: between `least` and `most` of their area.

    Random erasing (Zhong et al., 2017): sides in a ratio of up to `aspect`, filled with random values
    (best in the paper) or the picture's mean. After ten windows that do not fit, the picture is left alone.
    """

    name: ClassVar[str] = "erase"

    least: Share = 0.02
    most: Share = 0.4
    aspect: Annotated[float, Field(ge=1, le=10)] = 10 / 3
    fill: Literal["random", "mean"] = "random"

    def redraw(self, picture: Any, rng: np.random.Generator) -> Any:
        """The picture with a window that shows nothing of it; opacity stays."""
        box = window(picture.size, (min(self.least, self.most), self.most), self.aspect, rng)
        if box is None:
            return picture
        pixels = np.array(picture)
        left, top, right, bottom = box
        seen = pixels[..., None] if pixels.ndim == 2 else pixels[..., :3]
        hole = seen[top:bottom, left:right]
        mean = seen.mean(axis=(0, 1)).round().astype(np.uint8)
        hole[...] = rng.integers(0, 256, hole.shape, np.uint8) if self.fill == "random" else mean
        return pillow("Image", self.name).fromarray(pixels)


def window(
    size: tuple[int, int], area: tuple[float, float], aspect: float, rng: np.random.Generator
) -> tuple[int, int, int, int] | None:
    """Left, top, right, bottom of a random window; None when ten drawn ones did not fit into the picture.

    `area` is the least and the largest share of the picture; `aspect` the largest ratio of a window's sides,
    relative to the picture's own.
    """
    width, height = size
    for _ in range(TRIES):
        share = rng.uniform(*area)
        stretch = np.exp(rng.uniform(-np.log(aspect), np.log(aspect)) / 2)
        wide = max(1, round(width * np.sqrt(share) * stretch))
        high = max(1, round(height * np.sqrt(share) / stretch))
        if wide <= width and high <= height:
            left, top = int(rng.integers(width - wide + 1)), int(rng.integers(height - high + 1))
            return left, top, left + wide, top + high
    return None
