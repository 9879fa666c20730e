#!/usr/bin/env python3
"""Makes tests/testdata/image/: small pictures of every kind graft must read, with Pillow's answers.

  python make_images.py        needs pillow and numpy
"""

import io
import json
import pathlib

import numpy
from PIL import Image

OUT = pathlib.Path(__file__).parent / "image"


def picture(width: int, height: int) -> Image.Image:
    """Smooth colours with a bright corner, so that a turn or a mirror shows."""
    y, x = numpy.mgrid[0:height, 0:width]
    rgb = numpy.stack([x * 255 // width, y * 255 // height, (x + y) * 255 // (width + height)], -1)
    rgb[: height // 4, : width // 4] = [255, 240, 20]
    return Image.fromarray(rgb.astype(numpy.uint8))


def save(name: str, image: Image.Image, **options) -> None:
    image.save(OUT / name, **options)


def main() -> None:
    OUT.mkdir(exist_ok=True)
    base = picture(48, 32)
    save("rgb.png", base)
    save("rgb.bmp", base)
    save("rgb.webp", base, lossless=True)
    save("rgb.jpg", base, quality=95)
    save("progressive.jpg", base, quality=95, progressive=True)
    save("grey.jpg", base.convert("L"), quality=95)
    save("cmyk.jpg", base.convert("CMYK"), quality=95)
    save("grey.png", base.convert("L"))
    save("palette.png", base.quantize(64))
    alpha = Image.new("L", base.size, 255)
    alpha.paste(0, (24, 0, 48, 32))
    rgba = base.copy()
    rgba.putalpha(alpha)
    save("rgba.png", rgba)
    grey_alpha = base.convert("L")
    grey_alpha.putalpha(alpha)
    save("grey_alpha.png", grey_alpha)
    sixteen = numpy.asarray(base.convert("L")).astype(numpy.uint16) * 257
    Image.fromarray(sixteen).save(OUT / "grey16.png")
    save("tiny.png", picture(1, 1))
    for orientation in range(1, 9):
        exif = Image.Exif()
        exif[0x0112] = orientation
        # Stored so that, turned as the tag says, it is `base` again.
        undo = {1: None, 2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180,
                4: Image.Transpose.FLIP_TOP_BOTTOM, 5: Image.Transpose.TRANSPOSE,
                6: Image.Transpose.ROTATE_90, 7: Image.Transpose.TRANSVERSE,
                8: Image.Transpose.ROTATE_270}[orientation]
        stored = base if undo is None else base.transpose(undo)
        save(f"exif{orientation}.jpg", stored, quality=95, exif=exif)
    save("animation.gif", base)

    resized = {}
    for name, filter_ in (("bilinear", Image.Resampling.BILINEAR),
                          ("bicubic", Image.Resampling.BICUBIC)):
        for width, height in ((20, 13), (48, 10), (97, 61)):
            values = numpy.asarray(base.resize((width, height), filter_)).flatten().tolist()
            resized[f"{name} {width} {height}"] = values
    (OUT / "resized.json").write_text(json.dumps(resized, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
