#!/usr/bin/env python3
"""Makes tests/testdata/image/: small pictures of every kind graft must read, with Pillow's answers.

  python make_images.py        needs pillow and numpy
"""

import io
import json
import pathlib

import numpy
from PIL import Image

import odd_images

OUT = pathlib.Path(__file__).parent / "image"


def picture(width: int, height: int) -> Image.Image:
    """Smooth colours with a bright corner, so that a turn or a mirror shows."""
    y, x = numpy.mgrid[0:height, 0:width]
    rgb = numpy.stack([x * 255 // width, y * 255 // height, (x + y) * 255 // (width + height)], -1)
    rgb[: height // 4, : width // 4] = [255, 240, 20]
    return Image.fromarray(rgb.astype(numpy.uint8))


def save(name: str, image: Image.Image, **options) -> None:
    image.save(OUT / name, **options)


def prepared(image: Image.Image, size: tuple[int, int], crop_fraction: float,
             filter_: Image.Resampling) -> list[int]:
    """The levels that torchvision's Resize and CenterCrop give; `size` is (width, height)."""
    wanted = int(max(size) / crop_fraction)
    width, height = image.size
    if width <= height:
        resized = image.resize((wanted, int(wanted * height / width)), filter_)
    else:
        resized = image.resize((int(wanted * width / height), wanted), filter_)
    left = int(round((resized.width - size[0]) / 2.0))
    top = int(round((resized.height - size[1]) / 2.0))
    box = (left, top, left + size[0], top + size[1])
    return numpy.asarray(resized.crop(box)).flatten().tolist()


def make_prepared(base: Image.Image) -> None:
    cases = []
    for name, picture_ in (("wide", base), ("tall", base.transpose(Image.Transpose.ROTATE_90)),
                           ("small", base.crop((3, 2, 14, 9)))):
        for filter_name, filter_ in (("bilinear", Image.Resampling.BILINEAR),
                                     ("bicubic", Image.Resampling.BICUBIC)):
            for size, fraction in (((16, 16), 0.875), ((15, 15), 1.0), ((12, 20), 0.9)):
                cases.append({
                    "picture": name, "interpolation": filter_name, "width": size[0],
                    "height": size[1], "crop_fraction": fraction,
                    "levels": prepared(picture_, size, fraction, filter_)})
    (OUT / "prepared.json").write_text(json.dumps(cases, separators=(",", ":")) + "\n")


def make_odd(base: Image.Image) -> None:
    swapped = (0xff, 0xff00, 0xff0000, 0)
    for name, content in {
            "rgb16.png": odd_images.rgb16(base),
            "palette_alpha.png": odd_images.palette_transparent(base),
            "grey2_trns.png": odd_images.grey_transparent(2),
            "grey8_trns.png": odd_images.grey_transparent(8),
            "grey16_trns.png": odd_images.grey_transparent(16),
            "top_down.bmp": odd_images.bmp24_top_down(base),
            "bitfields.bmp": odd_images.bmp32(base),
            "bitfields_top_down.bmp": odd_images.bmp32(base, header=108, top_down=True),
            "bitfields_alpha.bmp": odd_images.bmp32(
                base, header=108, masks=(*odd_images.BGRX[:3], 0xff000000), alpha=128),
            "bitfields_swapped.bmp": odd_images.bmp32(base, header=108, masks=swapped),
            "bitfields_swapped_short.bmp": odd_images.bmp32(base, masks=swapped),
            "bitfields_ten.bmp": odd_images.bmp32(
                base, header=108, masks=(0x3ff00000, 0xffc00, 0x3ff, 0)),
            "cmyk_plain.jpg": odd_images.cmyk_without_adobe(base),
            "ycck.jpg": odd_images.ycck(base),
            "jpeg_and_zip.jpg": odd_images.jpeg_and_zip(base),
    }.items():
        (OUT / name).write_bytes(content)


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
    twin = base.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    save("animation.gif", base, save_all=True, append_images=[twin], duration=100)
    save("animation.webp", base, save_all=True, append_images=[twin], duration=100, lossless=True)
    make_odd(base)

    resized = {}
    for name, filter_ in (("bilinear", Image.Resampling.BILINEAR),
                          ("bicubic", Image.Resampling.BICUBIC)):
        for width, height in ((20, 13), (48, 10), (97, 61)):
            values = numpy.asarray(base.resize((width, height), filter_)).flatten().tolist()
            resized[f"{name} {width} {height}"] = values
    make_prepared(base)
    (OUT / "resized.json").write_text(json.dumps(resized, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
