"""Pictures from bytes and back, by Pillow: the one file of the data room that decodes and encodes them."""

from __future__ import annotations

from io import BytesIO
from typing import Any

from trimtab.core.errors import DataError
from trimtab.core.optional import optional
from trimtab.data.table import brief

PLAIN = {"1": "L", "L": "L", "LA": "RGBA", "La": "RGBA", "RGBA": "RGBA", "RGBa": "RGBA", "PA": "RGBA"}
"""Pillow's mode to the one we work in: 8 bits a channel, grey, colour, or colour and opacity; else RGB."""


def pillow(name: str, step: str) -> Any:
    """The module `PIL.name`, such as `Image`."""
    return optional(f"PIL.{name}", "data", f"step {step}")


def decode(data: bytes, step: str, row: int) -> Any:
    """The picture in PNG, JPEG or another format of Pillow's, upright, in mode L, RGB or RGBA.

    Raises:
        DataError: the bytes are no picture, or one of more than 8 bits a channel.
    """
    image, ops = pillow("Image", step), pillow("ImageOps", step)
    place = f"step {step}: row {row}"
    try:
        with image.open(BytesIO(data)) as opened:
            opened.load()
            picture = ops.exif_transpose(opened)
    except (OSError, ValueError, SyntaxError, image.DecompressionBombError) as error:
        raise DataError(
            place,
            f"{len(data)} bytes that are no picture ({brief(error)})",
            "remove the row or mend the file",
        ) from error
    if picture.mode[0] in "IF":
        raise DataError(
            place,
            f"a picture of mode {picture.mode}, more than 8 bits a channel",
            "convert it to 8 bits a channel first",
        )
    transparent = picture.mode == "P" and "transparency" in picture.info
    wanted = "RGBA" if transparent else PLAIN.get(picture.mode, "RGB")
    return picture if picture.mode == wanted else picture.convert(wanted)


def encode(picture: Any) -> bytes:
    """The picture as PNG, which loses nothing."""
    held = BytesIO()
    picture.save(held, "PNG")
    return held.getvalue()
