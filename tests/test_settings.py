"""What is wrong with a setting is said at start-up, in a sentence that mends it."""

from __future__ import annotations

import pytest

from sse_presence.errors import SettingsError
from sse_presence.settings import Rate, Settings, settings_from


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


@pytest.mark.parametrize(
    ("text", "rate"), [("20/20", Rate(20, 20_000)), ("5/0.5", Rate(5, 500)), (" 1 / 60 ", Rate(1, 60_000))]
)
def test_a_rate_is_so_many_in_some_seconds(text: str, rate: Rate) -> None:
    settings = settings_from({"SSE_PRESENCE_STATUS_RATE": text})
    assert settings.status_rate == rate
    assert settings.rates["status"] == rate
    assert settings_from({"SSE_PRESENCE_STATUS_RATE": str(rate)}) == settings


def test_a_rate_can_be_off() -> None:
    settings = settings_from({"SSE_PRESENCE_STATUS_RATE": "off"})
    assert settings.status_rate is None
    assert settings.rates.keys() == Settings().rates.keys() - {"status"}


@pytest.mark.parametrize(
    "text", ["", "20", "/", "20/", "/20", "0/1", "1/0", "-1/1", "1/-1", "1/nan", "1/inf", "1.5/1", "1/1/1"]
)
def test_what_is_no_rate_is_refused(text: str) -> None:
    with pytest.raises(SettingsError, match=r"SSE_PRESENCE_STATUS_RATE=.* cannot be read"):
        settings_from({"SSE_PRESENCE_STATUS_RATE": text})
