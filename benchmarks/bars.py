"""Bars as an SVG that stands by itself, readable on light and dark pages."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

from benchmarks.benchmark import SERVICE

WIDTH, ROW, NAMES = 720, 30, 150
OURS, THEIRS = "#2563eb", "#94a3b8"


def bars(title: str, values: Mapping[str, float]) -> str:
    """One bar for each name, the shortest first."""
    most = max(values.values())
    height = ROW * (len(values) + 2)
    font = 'font-family="system-ui, sans-serif" font-size="13" fill="#64748b"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" {font}>',
        f"<title>{escape(title)}</title>",
        f'<text x="8" y="{ROW - 8}">{escape(title)}</text>',
    ]
    for row, name in enumerate(sorted(values, key=lambda name: values[name]), 1):
        top, long = ROW * row + 4, values[name] / most * (WIDTH - NAMES - 70)
        colour = OURS if name == SERVICE else THEIRS
        parts += [
            f'<text x="{NAMES - 10}" y="{top + 15}" text-anchor="end">{escape(name)}</text>',
            f'<rect x="{NAMES}" y="{top}" width="{long:.1f}" height="{ROW - 8}" rx="3" fill="{colour}"/>',
            f'<text x="{NAMES + long + 8:.1f}" y="{top + 15}">{values[name]:.3g}</text>',
        ]
    return "\n".join([*parts, "</svg>", ""])
