"""The pure parts of the client, run in the browser they are for."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.async_api import Browser, Route

from sse_presence.http.pages import folder

pytestmark = pytest.mark.browser

MODULES = ("backoff", "contacts", "heartbeat", "roster", "typing-lists", "typing-signal", "words")

Run = Callable[[str], Awaitable[Any]]


@pytest.fixture
async def run(browser: Browser) -> Run:
    """Run the body of an async function in a page; the modules are there as `m["roster"]` and so on."""
    page = await browser.new_page()

    async def answer(route: Route) -> None:
        name = urlsplit(route.request.url).path.removeprefix("/")
        if name:
            await route.fulfill(path=folder() / name)
        else:
            await route.fulfill(content_type="text/html", body="<!doctype html>")

    await page.route("**/*", answer)
    await page.goto("http://modules.test/")

    async def run(body: str) -> Any:
        imports = ", ".join(f'"{name}": await import("./{name}.js")' for name in MODULES)
        return await page.evaluate(f"async () => {{ const m = {{ {imports} }}; {body} }}")

    return run


async def test_a_snapshot_replaces_everything_once_all_its_parts_are_there(run: Run) -> None:
    seen = await run(
        """
        const roster = new m.roster.Roster();
        const who = () => ["a", "b", "c"].map(user => roster.get(user)?.version ?? null);
        const seen = [];
        roster.snapshot({users: [{user: "a", version: 7}], part: 1, parts: 1});
        seen.push(who());
        const early = roster.snapshot({users: [{user: "a", version: 2}], part: 1, parts: 2});
        seen.push(early, who());
        roster.merge([{user: "b", version: 5}]);
        const done = roster.snapshot({users: [{user: "b", version: 4}], part: 2, parts: 2});
        seen.push(done, who());
        roster.snapshot({users: [{user: "c", version: 1}], part: 1, parts: 2});
        roster.connected();
        roster.snapshot({users: [], part: 1, parts: 1});
        seen.push(who());
        return seen;
        """
    )
    assert seen == [[7, None, None], False, [7, None, None], True, [2, 5, None], [None, None, None]]


async def test_a_delta_counts_only_where_it_is_newer(run: Run) -> None:
    assert await run(
        """
        const roster = new m.roster.Roster();
        return [3, 3, 2, 4].map(version => roster.merge([{user: "a", version}]));
        """
    ) == [True, False, False, True]


async def test_typing_ends_by_itself_and_a_list_replaces(run: Run) -> None:
    seen = await run(
        """
        const lists = new m["typing-lists"].TypingLists();
        const list = (typing, count) => [{channel: "x", typing, count}];
        const seen = [lists.in("x", 0)];
        lists.replace(list([{user: "a", expires_in: 100}, {user: "b", expires_in: 200}], 5), 1000);
        seen.push(lists.in("x", 1000), lists.untilNextEnd(1000), lists.in("x", 1100), lists.in("x", 1200));
        seen.push(lists.untilNextEnd(1200) ?? null);
        lists.replace(list([{user: "c", expires_in: 100}], 1), 1000);
        seen.push(lists.in("x", 1000));
        lists.clear();
        seen.push(lists.in("x", 1000));
        return seen;
        """
    )
    nobody = {"users": [], "count": 0}
    assert seen == [
        nobody,
        {"users": ["a", "b"], "count": 5},
        100,
        {"users": ["b"], "count": 4},
        nobody,
        None,
        {"users": ["c"], "count": 1},
        nobody,
    ]


async def test_words_are_no_finer_than_what_is_known(run: Run) -> None:
    minute, hour, day = 60_000, 3_600_000, 86_400_000
    ages = [
        0,
        -minute,
        9 * minute,
        10 * minute,
        59 * minute,
        hour,
        23 * hour,
        day,
        3 * day,
        8 * day,
        90 * day,
    ]
    assert await run(f"return {ages}.map(age => m.words.ago(1e12 - age, 1e12));") == [
        "a few minutes ago",
        "a few minutes ago",
        "a few minutes ago",
        "10 minutes ago",
        "50 minutes ago",
        "1 hour ago",
        "23 hours ago",
        "yesterday",
        "3 days ago",
        "last week",
        "3 months ago",
    ]


async def test_a_line_says_what_a_record_says(run: Run) -> None:
    assert await run(
        """
        return [
            {status: "offline", version: 0},
            {status: "offline", version: 3, last_seen: 1e12},
            {status: "offline", version: 3},
            {status: "idle", version: 1, last_seen: 1e12},
            {status: "dnd", version: 1, text: "Deep work", emoji: "🎧"},
            {status: "online", version: 1, emoji: "🚆"},
            {status: "something new", version: 1},
        ].map(record => m.words.line(record, 1e12));
        """
    ) == [
        "Offline · never seen",
        "Offline · last seen a few minutes ago",
        "Offline",
        "Away · active a few minutes ago",
        "Do not disturb · 🎧 Deep work",
        "Online · 🚆",
        "Unknown",
    ]


async def test_typing_names_a_few_and_counts_the_rest(run: Run) -> None:
    assert await run(
        """
        const words = (users, count = users.length) => m.words.typingWords({users, count});
        const three = ["a", "b", "c"];
        return [words([]), words(["a"]), words(["a", "b"]), words(three), words(three, 40)];
        """
    ) == [
        "",
        "a is typing…",
        "a and b are typing…",
        "a, b, and c are typing…",
        "a, b, and 38 others are typing…",
    ]


async def test_attempts_spread_and_are_capped(run: Run) -> None:
    assert await run(
        """
        return [[0, 0], [0, 1], [3, 1], [99, 0], [99, 1]]
            .map(([attempt, chance]) => m.backoff.backoff(attempt, () => chance));
        """
    ) == [250, 500, 4_000, 15_000, 30_000]


async def test_a_hidden_page_declares_only_what_the_service_allows(run: Run) -> None:
    assert await run(
        "return [undefined, 1000, 14999, 15000, 60000, 180000, 180001]"
        ".map(told => m.heartbeat.hiddenInterval(told) ?? null);"
    ) == [None, None, None, 60_000, 60_000, 60_000, None]
    assert await run("return [0, 1].map(chance => m.heartbeat.nextBeat(1000, () => chance));") == [900, 1_000]


async def test_a_typing_signal_that_fails_is_dropped(run: Run) -> None:
    assert await run(
        """
        const sent = [];
        const signal = new m["typing-signal"].TypingSignal(async typing => {
            sent.push(typing);
            throw new Error("lost");
        });
        signal.stop();
        signal.key();
        signal.key();
        signal.stop();
        signal.stop();
        signal.key();
        await new Promise(resolve => setTimeout(resolve, 2500));
        return sent;
        """
    ) == [True, False, True, False]


async def test_names_that_the_service_would_refuse_are_refused_here(run: Run) -> None:
    assert await run(
        r"""return ["alice", "*,:/{%🙂", "é".repeat(64), "é".repeat(65), "", "a\nb", "\ud800"]
            .map(id => m.contacts.fault(id) === "");"""
    ) == [True, True, True, False, False, False, False]
