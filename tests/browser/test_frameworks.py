"""The React and Vue of docs/client.md, bundled as they stand, on a site where people are signed in."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import jwt
import pytest
from playwright.async_api import Browser, ConsoleMessage, Page, expect

from sse_presence.http.bundle import FILES, bundle
from tests.browser.conftest import OpenGate, fixture
from tests.conftest import Serve

pytestmark = [pytest.mark.browser, pytest.mark.node]

ROOT = Path(__file__).parents[2]
FOREIGN = ROOT / "tests" / "foreign" / "node_modules"
ESBUILD = FOREIGN / "esbuild" / "bin" / "esbuild"
DOCUMENT = (ROOT / "docs" / "client.md").read_text()
SECRET = "a secret of the tests, long enough for HS256"

REACT = """
    import { StrictMode, useState } from "react";
    import { createRoot } from "react-dom/client";
    import { PresenceProvider, usePresence } from "./presence.jsx";

    function App() {
      const [there, setThere] = useState(true);
      return <>
        <button onClick={() => setThere(!there)}>Turn</button>
        <ul>{there && <Contact id="bob" name="Bob" />}</ul>
      </>;
    }
    createRoot(document.querySelector("main")).render(
      <StrictMode><PresenceProvider user={document.body.dataset.user}><App /></PresenceProvider></StrictMode>,
    );
"""

VUE = """
    import { createApp, ref } from "vue";
    import { presence, usePresence, useTyping } from "./presence.js";

    const Contact = {
      props: ["id"],
      setup: ({ id }) => ({ record: usePresence(id), typing: useTyping("general") }),
      template: `<li :class="record?.status ?? 'unknown'">
        {{ typing.users.join() }} <presence-badge :user="id"></presence-badge></li>`,
    };
    const there = ref(true);
    const app = createApp({
      components: { Contact },
      setup: () => ({ there }),
      template: `<button @click="there = !there">Turn</button><ul><Contact v-if="there" id="bob" /></ul>`,
    });
    app.config.OPTION;
    app.mount("main");
    window.presence = presence;
"""

VUE_FLAGS = ("OPTIONS_API", "PROD_DEVTOOLS", "PROD_HYDRATION_MISMATCH_DETAILS")
"""It warns where they are not set."""


def _section(name: str) -> tuple[str, list[str]]:
    """The text under a heading, and its scripts."""
    found = re.search(rf"^## {name}\n(.*?)^## ", DOCUMENT, re.MULTILINE | re.DOTALL)
    assert found
    return found[1], re.findall(r"```jsx?\n(.*?)```", found[1], re.DOTALL)


OpenApp = Callable[[str], Awaitable[tuple[Page, Page]]]
"""Bundles an app and opens it for alice; gives her page, and one of bob, who is there already."""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder with the npm package, and in reach of the frameworks."""
    installed = tmp_path / "node_modules" / "sse-presence"
    (installed / "dist").mkdir(parents=True)
    shutil.copy(ROOT / "static" / "package.json", installed)
    for name in FILES:
        (installed / "dist" / name).write_text(bundle(ROOT / "static", name))
    return tmp_path


def _built(project: Path, entry: str) -> str:
    """The app as one script."""
    done = subprocess.run(
        [
            ESBUILD,
            project / entry,
            "--bundle",
            "--format=esm",
            "--jsx=automatic",
            "--alias:vue=vue/dist/vue.esm-bundler.js",
            '--define:process.env.NODE_ENV="development"',
            *(f"--define:__VUE_{flag}__=true" for flag in VUE_FLAGS),
        ],
        env=os.environ | {"NODE_PATH": str(FOREIGN)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@fixture
async def open_app(
    serve: Serve, open_gate: OpenGate, browser: Browser, project: Path
) -> AsyncIterator[OpenApp]:
    faults: list[str] = []
    gate = await open_gate(serve(auth="jwt", jwt_secret=SECRET, heartbeat=1, grace=0.5).url)

    def said(line: ConsoleMessage) -> None:
        if line.type in {"error", "warning"}:
            faults.append(line.text)

    async def open_as(name: str, script: str) -> Page:
        context = await browser.new_context()
        now = int(time.time())
        rights = {"watch_prefix": "", "channel_prefix": ""}
        claims = {"sub": name, "iat": now, "exp": now + 600, "presence": rights}
        token = jwt.encode(claims, SECRET, "HS256")
        await context.add_cookies([{"name": "presence_token", "value": token, "url": gate.url}])
        page = await context.new_page()
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("console", said)
        await page.goto(f"{gate.url}/page")
        await page.set_content(f'<body data-user="{name}"><main></main>')
        await page.add_script_tag(content=script, type="module")
        return page

    async def open_app(entry: str) -> tuple[Page, Page]:
        alone = "import { connect } from '/presence/presence.js'; window.presence = connect({"
        bob = await open_as("bob", f"{alone} url: '/presence/', auth: 'cookie', user: 'bob' }});")
        return await open_as("alice", _built(project, entry)), bob

    yield open_app
    assert faults == []


async def test_react(open_app: OpenApp, project: Path) -> None:
    _, (presence, contact) = _section("React")
    (project / "presence.jsx").write_text(presence)
    (project / "app.jsx").write_text(REACT + contact)
    alice, _ = await open_app("app.jsx")
    await expect(alice.locator("li.online")).to_contain_text("Bob")
    await expect(alice.locator("li presence-badge[status=online]")).to_be_visible()
    await alice.get_by_role("button").click()
    await expect(alice.locator("li")).to_have_count(0)
    await alice.get_by_role("button").click()
    await expect(alice.locator("li.online")).to_contain_text("Bob")


async def test_vue(open_app: OpenApp, project: Path) -> None:
    text, (presence,) = _section("Vue")
    (project / "presence.js").write_text(presence)
    option = re.search(r"`(compilerOptions\.isCustomElement): (.*?)`", text)
    assert option
    (project / "app.js").write_text(VUE.replace("OPTION", f"{option[1]} = {option[2]}"))
    alice, bob = await open_app("app.js")
    await expect(alice.locator("li.online presence-badge[status=online]")).to_be_visible()
    await bob.evaluate("presence.typing('general').key()")
    await expect(alice.locator("li.online")).to_contain_text("bob")
    await alice.get_by_role("button").click()
    await alice.wait_for_function("presence.get('bob') === undefined")
    await alice.get_by_role("button").click()
    await expect(alice.locator("li.online")).to_be_visible()
