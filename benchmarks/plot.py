"""Lines as an SVG that stands by itself, readable on light and dark pages."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import NamedTuple

WIDTH, HEIGHT, MARGIN = 720, 400, 56
COLOURS = ("#2563eb", "#d97706", "#059669", "#db2777", "#7c3aed", "#64748b")


class Line(NamedTuple):
    """One of the lines."""

    name: str
    points: Sequence[tuple[float, float]]


def plot(title: str, across: str, up: str, lines: Sequence[Line]) -> str:
    """All lines over the same axes, which begin at nothing."""
    most_x = max(x for line in lines for x, _ in line.points)
    most_y = (1.1 + 0.08 * len(lines)) * max(y for line in lines for _, y in line.points)  # names above

    def place(x: float, y: float) -> str:
        right = MARGIN + x / most_x * (WIDTH - 2 * MARGIN)
        down = HEIGHT - MARGIN - y / most_y * (HEIGHT - 2 * MARGIN)
        return f"{right:.1f},{down:.1f}"

    font = 'font-family="system-ui, sans-serif" font-size="13" fill="#64748b"'
    axes = f"{place(0, most_y)} {place(0, 0)} {place(most_x, 0)}"
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" {font}>',
        f"<title>{escape(title)}</title>",
        f'<polyline fill="none" stroke="#94a3b8" points="{axes}"/>',
        f'<text x="{WIDTH / 2}" y="{HEIGHT - 8}" text-anchor="middle">{escape(across)}</text>',
        f'<text x="8" y="{MARGIN - 12}">{escape(up)}</text>',
    ]
    for x in sorted({x for line in lines for x, _ in line.points}):
        right, down = place(x, 0).split(",")
        parts.append(f'<text x="{right}" y="{float(down) + 18}" text-anchor="middle">{x:g}</text>')
    for share in (0.5, 1.0):
        _, down = place(0, most_y * share).split(",")
        parts.append(f'<text x="{MARGIN - 6}" y="{down}" text-anchor="end">{most_y * share:.3g}</text>')
    for number, line in enumerate(lines):
        colour = COLOURS[number % len(COLOURS)]
        points = [place(x, y) for x, y in line.points]
        way = " ".join(points)
        parts.append(f'<polyline fill="none" stroke="{colour}" stroke-width="2" points="{way}"/>')
        for point in points:
            right, down = point.split(",")
            parts.append(f'<circle cx="{right}" cy="{down}" r="3" fill="{colour}"/>')
        name = f'<text x="{MARGIN + 12}" y="{MARGIN + 18 * number}" fill="{colour}">'
        parts.append(f"{name}{escape(line.name)}</text>")
    return "\n".join([*parts, "</svg>", ""])
