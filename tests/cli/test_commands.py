"""Commands that end by themselves: help, settings, tokens, and refusals as sentences."""

from __future__ import annotations

import re
import time
from importlib.metadata import version

import pytest
from click.testing import CliRunner, Result

from sse_presence.cli import main
from sse_presence.http.tokens import Tokens
from sse_presence.settings import Settings, variable

SECRET = "a secret of more than thirty-two bytes"


def run(*arguments: str, **environ: str) -> Result:
    return CliRunner().invoke(main, arguments, env=environ)


@pytest.mark.parametrize("command", [[], ["serve"], ["token"], ["watch"], ["settings"]])
def test_every_command_explains_itself(command: list[str]) -> None:
    result = run(*command, "--help")
    assert result.exit_code == 0
    assert "Usage:" in result.output


def test_the_version() -> None:
    assert run("--version").output.split() == ["sse-presence", version("sse-presence")]


def test_settings_lists_each_with_default_and_meaning() -> None:
    lines = {line.split()[0]: line for line in run("settings").output.splitlines() if line[0] != " "}
    assert list(lines) == [variable(name) for name in Settings.__struct_fields__]
    assert all(re.search(r"  \S.*[a-z]", line) for line in lines.values())
    assert re.search(r"  15 +Interval", lines["SSE_PRESENCE_HEARTBEAT"])
    assert re.search(r"  2592000 +How long", lines["SSE_PRESENCE_RETENTION"])
    assert re.search(r"  HS256,HS384,HS512 +Accepted", lines["SSE_PRESENCE_JWT_ALGORITHMS"])
    assert re.search(r"  false +Allow", lines["SSE_PRESENCE_INSECURE_OPEN"])


def test_a_token_grants_what_was_said_and_nothing_else() -> None:
    result = run(
        *("token", "alice", "--watch", "bob", "--watch", "carol", "--watch-prefix", "team-"),
        *("--channel", "general", "--channel-prefix", "dm-", "--role", "publish", "--lifetime", "15m"),
        SSE_PRESENCE_JWT_SECRET=SECRET,
    )
    identity = Tokens(Settings(auth="jwt", jwt_secret=SECRET)).identity(result.output.strip())
    assert identity.user == "alice"
    assert [identity.may_watch(name) for name in ("alice", "bob", "carol", "team-a", "dave")] == [
        *(True, True, True, True, False)
    ]
    assert [identity.may_enter(name) for name in ("general", "dm-1", "random")] == [True, True, False]
    assert [identity.has(role) for role in ("publish", "admin", "monitor")] == [True, False, False]
    assert identity.expires is not None
    assert abs(identity.expires / 1000 - time.time() - 900) < 60


def test_a_token_for_everything() -> None:
    result = run("token", "alice", "--watch-all", SSE_PRESENCE_JWT_SECRET=SECRET)
    identity = Tokens(Settings(auth="jwt", jwt_secret=SECRET)).identity(result.output.strip())
    assert identity.may_watch("anyone")
    assert identity.may_enter("anywhere")
    assert not identity.has("admin")


@pytest.mark.parametrize(
    ("arguments", "environ", "sentence"),
    [
        (["token", "alice"], {}, "Set SSE_PRESENCE_JWT_SECRET"),
        (["token", "alice"], {"SSE_PRESENCE_JWT_SECRET": "swordfish"}, "must have at least 32 bytes"),
        (["token", ""], {"SSE_PRESENCE_JWT_SECRET": SECRET}, "The user "),
        (["token", "alice", "--lifetime", "soon"], {}, "write 90s, 15m, 1h or 7d"),
        (["token", "alice", "--lifetime", "0s"], {}, "write 90s, 15m, 1h or 7d"),
        (["token", "alice", "--role", "king"], {}, "king"),
        (["watch"], {}, "Say whom to watch"),
        (["serve", "--host", "0.0.0.0"], {}, "Open mode gives everyone every right"),
        (["serve", "--host", "no host"], {}, "is no address of this machine"),
        (["serve", "--port", "65536"], {}, "65536"),
        (["serve"], {"SSE_PRESENCE_GRACE": "abc"}, "SSE_PRESENCE_GRACE='abc' cannot be read"),
        (["serve"], {"SSE_PRESENCE_GRACE": "99"}, "must be shorter than HEARTBEAT"),
        (["serve"], {"SSE_PRESENCE_GRAZE": "9"}, "SSE_PRESENCE_GRAZE is not a setting"),
        (["serve"], {"SSE_PRESENCE_AUTH": "jwt"}, "SSE_PRESENCE_JWT_SECRET must have"),
    ],
)
def test_what_is_wrong_is_a_sentence(arguments: list[str], environ: dict[str, str], sentence: str) -> None:
    result = run(*arguments, **environ)
    assert result.exit_code == 2
    assert sentence in result.output


def test_all_wrong_settings_are_said_at_once() -> None:
    result = run("serve", SSE_PRESENCE_GRACE="abc", SSE_PRESENCE_SWEEP="abc", SSE_PRESENCE_NONE="1")
    assert all(name in result.output for name in ("GRACE", "SWEEP", "NONE"))


def test_a_secret_that_cannot_be_read_is_not_repeated() -> None:
    result = run("serve", SSE_PRESENCE_JWT_SECRETS="swordfish", SSE_PRESENCE_AUTH="jwt")
    assert result.exit_code == 2
    assert "swordfish" not in result.output


def test_settings_in_a_log_give_no_secret_away() -> None:
    secret = "swordfish and more than thirty-two bytes"
    values = Settings(redis_url="redis://:swordfish@store", jwt_secret=secret, cursor_secret=secret)
    assert "swordfish" not in repr(values)
