"""Pictures that Pillow does not write, byte by byte; for make_images.py."""

import io
import struct
import zipfile
import zlib

import numpy
from PIL import Image

GREY, RGB, PALETTE = 0, 2, 3  # colour types of PNG


def png(width: int, height: int, depth: int, colour: int, rows: list[bytes],
        palette: bytes = b"", transparent: bytes = b"") -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return (struct.pack(">I", len(data)) + kind + data
                + struct.pack(">I", zlib.crc32(kind + data)))
    return (b"\x89PNG\r\n\x1a\n"
            + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0))
            + (chunk(b"PLTE", palette) if palette else b"")
            + (chunk(b"tRNS", transparent) if transparent else b"")
            + chunk(b"IDAT", zlib.compress(b"".join(b"\0" + row for row in rows), 9))
            + chunk(b"IEND", b""))


def rgb16(image: Image.Image) -> bytes:
    values = numpy.asarray(image).astype(">u2") * 257
    return png(*image.size, 16, RGB, [row.astype(">u2").tobytes() for row in values])


def palette_transparent(image: Image.Image) -> bytes:
    """The second half of the palette is transparent, and so is the right half of the picture."""
    indexed = image.quantize(32)
    colours = bytes(indexed.getpalette()[:96])
    pixels = numpy.asarray(indexed).copy()
    pixels[:, image.width // 2:] += 32
    return png(*image.size, 8, PALETTE, [row.tobytes() for row in pixels.astype(numpy.uint8)],
               palette=colours * 2, transparent=b"\xff" * 32 + b"\0" * 32)


def grey_transparent(depth: int) -> bytes:
    """Eight columns of grey, from dark to light; the third shade is transparent."""
    shades = {2: [0, 1, 2, 3] * 2, 8: range(0, 256, 32), 16: range(0, 65536, 8192)}[depth]
    if depth == 2:
        row = bytes(a << 6 | b << 4 | c << 2 | d for a, b, c, d in (shades[:4], shades[4:]))
    else:
        row = b"".join(struct.pack(">H" if depth == 16 else ">B", shade) for shade in shades)
    return png(8, 2, depth, GREY, [row, row], transparent=struct.pack(">H", shades[2]))


BGRX = (0xff0000, 0xff00, 0xff, 0)


def bmp32(image: Image.Image, header: int = 40, masks: tuple = BGRX, top_down: bool = False,
          alpha: int = 0) -> bytes:
    """32 bits a pixel with BI_BITFIELDS; `alpha` is in the fourth byte of each pixel."""
    rgb = numpy.asarray(image).astype(numpy.uint32)
    word = sum((rgb[:, :, channel] << ((mask & -mask).bit_length() - 1))
               for channel, mask in enumerate(masks[:3]))
    unused = 0xffffffff ^ masks[0] ^ masks[1] ^ masks[2]
    word |= alpha << ((unused & -unused).bit_length() - 1)
    rows = word.astype("<u4") if top_down else word[::-1].astype("<u4")
    fields = struct.pack("<3I", *masks[:3]) if header == 40 else struct.pack("<4I", *masks)
    info = struct.pack("<IiiHHIIiiII", header, image.width,
                       -image.height if top_down else image.height, 1, 32, 3, rows.nbytes, 0, 0, 0,
                       0) + fields
    info = info.ljust(header, b"\0")
    offset = 14 + len(info)
    return (b"BM" + struct.pack("<IHHI", offset + rows.nbytes, 0, 0, offset) + info
            + rows.tobytes())


def bmp24_top_down(image: Image.Image) -> bytes:
    """A negative height: rows from top to bottom."""
    rows = numpy.asarray(image)[:, :, ::-1].tobytes()
    assert image.width % 4 == 0
    return (b"BM" + struct.pack("<IHHI", 54 + len(rows), 0, 0, 54)
            + struct.pack("<IiiHHIIiiII", 40, image.width, -image.height, 1, 24, 0, len(rows), 0, 0,
                          0, 0) + rows)


def cmyk_jpeg(stored: numpy.ndarray) -> bytearray:
    """A JPEG of four channels that holds `stored` as it is. Pillow inverts, as Adobe does."""
    file = io.BytesIO()
    Image.frombytes("CMYK", stored.shape[1::-1], (255 - stored).tobytes()).save(
        file, "JPEG", quality=95)
    return bytearray(file.getvalue())


def adobe_marker(jpeg: bytes) -> int:
    return jpeg.index(b"\xff\xee\x00\x0eAdobe")


def cmyk_without_adobe(image: Image.Image) -> bytes:
    """Four channels and no word of whose: the inks as they are."""
    jpeg = cmyk_jpeg(numpy.asarray(image.convert("CMYK")))
    at = adobe_marker(jpeg)
    return bytes(jpeg[:at] + jpeg[at + 16:])


def ycck(image: Image.Image) -> bytes:
    """Adobe's: the inks inverted, and the first three as luminance and colour."""
    inks = numpy.asarray(image.convert("CMYK"))
    # What libjpeg turns to "RGB" is 255 less the stored value of each ink.
    colour = Image.fromarray(numpy.ascontiguousarray(inks[:, :, :3])).convert("YCbCr")
    stored = numpy.dstack([numpy.asarray(colour), 255 - inks[:, :, 3]])
    jpeg = cmyk_jpeg(stored)
    jpeg[adobe_marker(jpeg) + 15] = 2  # the transform: YCCK
    return bytes(jpeg)


def jpeg_and_zip(image: Image.Image) -> bytes:
    """A JPEG to who reads from the front, a zip to who reads from the end."""
    file = io.BytesIO()
    image.save(file, "JPEG", quality=95)
    with zipfile.ZipFile(file, "a") as archive:
        archive.writestr(zipfile.ZipInfo("cats/1.jpg"), b"hidden")
    return file.getvalue()
