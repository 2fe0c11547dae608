"""What `docs/deployment` names exists."""

from __future__ import annotations

import re

from sse_presence.settings import Settings, variable
from tests.proxies.proxy import KINDS, SHOWN

PAGE = (SHOWN / "README.md").read_text()


def test_every_setting_exists() -> None:
    named = set(re.findall(r"SSE_PRESENCE_[A-Z_]+", PAGE + "".join(map(_shown, KINDS))))
    assert named
    assert named <= {variable(name) for name in Settings.__struct_fields__}


def test_every_file_exists() -> None:
    links = re.findall(r"\]\((?!https?:|#)([^)#]+)", PAGE)
    assert {KINDS[name].file for name in KINDS} <= set(links)
    assert not [link for link in links if not (SHOWN / link).exists()]


def _shown(name: str) -> str:
    return (SHOWN / KINDS[name].file).read_text()
