"""Draw one tile of a Mandelbrot set as a PNG, with the standard library alone.

    python3 fractal.py --tile 2 1 --tiles 8 --size 96 --out tile.png

A picture is TILES x TILES tiles; --scene names a JSON file with "center" ([x, y]), "width" and "iterations".
"""

from __future__ import annotations

import argparse
import json
import math
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

BAILOUT = 256.0  # far out, so that the smooth count is smooth


@dataclass(frozen=True)
class Scene:
    """Which part of the plane is drawn, and how deep."""

    x: float = -0.75
    y: float = 0.0
    width: float = 3.0
    iterations: int = 200

    @classmethod
    def read(cls, path: Path) -> Scene:
        """From a JSON file."""
        found = json.loads(path.read_text())
        x, y = found["center"]
        return cls(float(x), float(y), float(found["width"]), int(found["iterations"]))


def main() -> None:
    """Draw the tile that the arguments ask for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scene", type=Path, help="JSON file that says what to draw (default: the whole set)")
    parser.add_argument("--tile", type=int, nargs=2, metavar=("X", "Y"), default=(0, 0), help="which tile, from 0")
    parser.add_argument("--tiles", type=int, default=1, help="tiles a side (default: 1)")
    parser.add_argument("--size", type=int, default=128, help="pixels a tile's side (default: 128)")
    parser.add_argument("--out", type=Path, default=Path("tile.png"), help="where to write it (default: tile.png)")
    options = parser.parse_args()
    if not all(0 <= at < options.tiles for at in options.tile):
        parser.error(f"--tile must be from 0 to {options.tiles - 1}")
    scene = Scene.read(options.scene) if options.scene else Scene()
    rows = draw(scene, options.tile, options.tiles, options.size)
    options.out.write_bytes(png(options.size, rows))


def draw(scene: Scene, tile: tuple[int, int], tiles: int, size: int) -> Iterator[bytes]:
    """The tile's rows from the top, three bytes a pixel."""
    step = scene.width / (tiles * size)
    left = scene.x - scene.width / 2 + tile[0] * size * step
    top = scene.y + scene.width / 2 - tile[1] * size * step
    for row in range(size):
        y = top - (row + 0.5) * step
        yield bytes(
            part for column in range(size) for part in colour(escape(left + (column + 0.5) * step, y, scene.iterations))
        )


def escape(x: float, y: float, iterations: int) -> float:
    """After how many steps the point is out, with a fraction; 0 for points that stay."""
    q = (x - 0.25) ** 2 + y * y
    if q * (q + x - 0.25) <= 0.25 * y * y or (x + 1) ** 2 + y * y <= 0.0625:
        return 0.0  # inside the cardioid or the largest disc
    a = b = a2 = b2 = 0.0
    for step in range(iterations):
        b = 2 * a * b + y
        a = a2 - b2 + x
        a2, b2 = a * a, b * b
        if a2 + b2 > BAILOUT:
            return step + 1 - math.log2(math.log2(a2 + b2) / 2)
    return 0.0


def colour(count: float) -> tuple[int, int, int]:
    """Red, green and blue of a step count: one wave, a little later for each; black inside."""
    if count == 0.0:
        return 0, 0, 0
    red, green, blue = (int(127.5 * (1 + math.cos(3.0 + count * 0.11 + shift))) for shift in (0.0, 0.6, 1.0))
    return red, green, blue


def png(width: int, rows: Iterator[bytes]) -> bytes:
    """An RGB picture as a PNG file."""
    lines = [b"\0" + row for row in rows]  # filter 0: as they are
    header = struct.pack(">IIBBBBB", width, len(lines), 8, 2, 0, 0, 0)
    chunks = (b"IHDR", header), (b"IDAT", zlib.compress(b"".join(lines), 6)), (b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(kind, data) for kind, data in chunks)


def chunk(kind: bytes, data: bytes) -> bytes:
    """One chunk of a PNG file: length, kind, data, checksum."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


if __name__ == "__main__":
    main()
