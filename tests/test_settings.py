"""What is wrong with a setting is said at start-up, in a sentence that mends it."""

from __future__ import annotations

import pytest

from sse_presence.errors import SettingsError
from sse_presence.settings import settings_from


@pytest.mark.parametrize(
    "origins",
    [
        "https://app.example",
        "http://localhost:5173, https://app.example",
        "http://127.0.0.1:8000",
        "http://[::1]:3000",
        "capacitor://localhost",
        "https://app.example:80",
        "",
    ],
)
def test_origins_as_browsers_send_them(origins: str) -> None:
    settings = settings_from({"SSE_PRESENCE_ORIGINS": origins})
    assert list(settings.origins) == [part.strip() for part in origins.split(",") if part]


@pytest.mark.parametrize(
    "origin",
    [
        "*",
        "null",
        "app.example",
        "https://app.example/",
        "https://app.example/page",
        "https://*.example",
        "https://App.example",
        "https://app.example:443",
        "http://app.example:80",
        "https://me@app.example",
        "https://",
        "https://app.example\nx",
    ],
)
def test_an_origin_that_no_browser_sends_is_refused(origin: str) -> None:
    """It would be listed and never match, which is a riddle for an afternoon."""
    with pytest.raises(SettingsError, match="SSE_PRESENCE_ORIGINS takes origins as browsers send them"):
        settings_from({"SSE_PRESENCE_ORIGINS": f"https://good.example,{origin}"})
