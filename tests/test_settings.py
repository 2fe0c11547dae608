"""What is wrong with a setting is said at start-up, in a sentence that mends it."""

from __future__ import annotations

import pytest

from sse_presence.errors import SettingsError
from sse_presence.settings import _RULES, Rate, Settings, settings_from


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
    ("text", "value"), [("on", True), ("Yes", True), ("1", True), ("off", False), ("No", False), ("0", False)]
)
def test_a_switch_is_said_in_any_of_the_usual_words(text: str, value: bool) -> None:  # noqa: FBT001
    assert settings_from({"SSE_PRESENCE_DEMO": text}).demo is value


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


BROKEN: list[dict[str, str]] = [
    {"HEARTBEAT": "0.09", "GRACE": "0"},
    {"HEARTBEAT": "86401", "IDLE_AFTER": "1e6", "RENEWAL_CEILING": "1e6"},
    {"LIVENESS_FACTOR": "1"},
    {"RENEWAL_CEILING": "44"},
    {"GRACE": "45"},
    {"IDLE_AFTER": "15", "HIDDEN_IDLE_AFTER": "0"},
    {"HIDDEN_IDLE_AFTER": "121"},
    {"SWEEP": "0"},
    {"SWEEP": "2.1", "TYPING_TTL": "10"},
    {"PRESENCE_WINDOW": "0"},
    {"BUSY_TYPING_WINDOW": "0.1"},
    {"TYPING_TTL": "2"},
    {"PING": "0"},
    {"SEND_TIMEOUT": "0"},
    {"STREAM_LIFETIME": "0"},
    {"FORGIVEN_OUTAGE": "4.9"},
    {"LAST_SEEN_PRECISION": "0.5"},
    {"RETENTION": "179", "LIVENESS_FACTOR": "2"},
    {"RETENTION": "239", "LIVENESS_FACTOR": "4"},
    {"PARTITIONS": "-1"},
    {"PARTITIONS": "1025"},
    {"MAX_BODY": "0"},
    {"MAX_STREAMS": "-1"},
    {"MAX_DEVICES": "501"},
    {"AUTH": "none"},
    {"AUTH": "jwt", "JWT_SECRET": "x" * 31},
    {"JWT_ALGORITHMS": "HS256,none"},
    {"JWT_ALGORITHMS": ""},
    {"ORIGINS": "*"},
    {"CURSOR_SECRET": "x" * 31},
]


def _complaints(settings: dict[str, str]) -> list[str]:
    with pytest.raises(SettingsError) as refused:
        settings_from({f"SSE_PRESENCE_{name}": value for name, value in settings.items()})
    return str(refused.value).splitlines()


@pytest.mark.parametrize("settings", BROKEN, ids=lambda settings: " ".join(map("=".join, settings.items())))
def test_each_setting_that_cannot_be_has_its_sentence(settings: dict[str, str]) -> None:
    assert len(_complaints(settings)) == 1


def test_all_that_is_wrong_is_said_at_once() -> None:
    said = {sentence for settings in BROKEN for sentence in _complaints(settings)}
    assert said == {sentence for _, sentence in _RULES}
    assert len(_complaints({"LIVENESS_FACTOR": "1", "PING": "0", "AUTH": "none"})) == 3
