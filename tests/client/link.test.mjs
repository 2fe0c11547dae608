// How events come: by a stream, after trouble, or by polls. On a clock and an EventSource of the test's own.

import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";

import { PresenceError } from "../../static/presence/error.js";
import { Link } from "../../static/presence/link.js";

/** An EventSource to which the test is the network. */
class Source extends EventTarget {
  static CLOSED = 2;
  static all = [];
  readyState = 0;

  constructor(url) {
    super();
    this.url = new URL(url);
    Source.all.push(this);
  }

  static get last() {
    return Source.all.at(-1);
  }

  close() {
    this.readyState = 2;
  }

  says(type, data, lastEventId = "") {
    this.dispatchEvent(Object.assign(new Event(type), { data: JSON.stringify(data), lastEventId }));
  }

  greets() {
    this.says("hello", { ping_ms: 15_000 });
  }

  fails(readyState) {
    this.readyState = readyState;
    this.dispatchEvent(new Event("error"));
  }
}

beforeEach(() => {
  mock.timers.enable({ apis: ["setTimeout", "Date"] });
  mock.method(Math, "random", () => 1);
  globalThis.EventSource = Source;
  Source.all = [];
});

afterEach(() => {
  mock.timers.reset();
  mock.restoreAll();
});

async function pass(ms) {
  for (let left = ms; left >= 0; left -= 50) {
    for (let turn = 0; turn < 20; turn += 1) await undefined;
    mock.timers.tick(50);
  }
}

/**
 * A link that is open, and what it told; `answer(method, path)` is what the service says to requests,
 * `listen(told, link)` is called with each state and the type of each event.
 */
async function opened(answer = () => ({}), forget = () => false, listen = () => undefined) {
  const seen = { states: [], events: [], asked: [], refused: [], forgotten: 0 };
  const service = {
    streamUrl: async (pairs) => `https://presence.test/v1/events?${new URLSearchParams(pairs)}`,
    async ask(method, path, { signal }) {
      seen.asked.push(`${method} ${path}`);
      const given = answer(method, path);
      if (given instanceof Error) throw given;
      if (given === undefined) await new Promise((_, reject) => signal.addEventListener("abort", reject));
      return given;
    },
  };
  const link = new Link({
    service,
    credentials: { forget: () => (seen.forgotten += 1) },
    interest: { pairs: async () => [["interest", "i"]], forget },
    pairs: [["device", "d"]],
    event(type) {
      seen.events.push(type);
      listen(type, link);
    },
    state(state, reason) {
      seen.states.push(`${state} ${reason}`.trim());
      listen(seen.states.at(-1), link);
    },
    refused({ status }) {
      seen.refused.push(status);
      listen("refused", link);
    },
  });
  link.open();
  await pass(0);
  return { link, seen };
}

const parameter = (name) => Source.last.url.searchParams.get(name);

test("a stream is live once it is greeted, and is opened anew after silence, from where it was", async () => {
  const { seen } = await opened();
  assert.deepEqual([parameter("interest"), parameter("device"), parameter("last_event_id")], ["i", "d", null]);
  Source.last.greets();
  Source.last.says("snapshot", { users: [] }, "c1");
  Source.last.says("stale", {});
  Source.last.says("fresh", {});
  await pass(31_000);
  assert.deepEqual(seen.states, ["connecting", "live", "stale", "live", "connecting silence"]);
  assert.equal(Source.all.length, 2);
  assert.equal(parameter("last_event_id"), "c1");
});

test("what an old stream still says is void", async () => {
  const { link, seen } = await opened();
  const old = Source.last;
  link.open();
  await pass(0);
  old.greets();
  assert.deepEqual(seen.events, []);
});

test("a cut is left to the browser, which does what the service asked", async () => {
  const { seen } = await opened();
  Source.last.greets();
  Source.last.fails(0);
  Source.last.greets();
  assert.deepEqual(seen.states, ["connecting", "live", "connecting cut", "live"]);
  assert.equal(Source.all.length, 1);
});

test("waits grow, and every third attempt is a poll", async () => {
  const { seen } = await opened(() => new PresenceError("Away."));
  for (const wait of [500, 1_000]) {
    Source.last.fails(0);
    const before = Source.all.length;
    await pass(wait - 100);
    assert.equal(Source.all.length, before);
    await pass(200);
    assert.equal(Source.all.length, before + 1);
  }
  Source.last.fails(0);
  await pass(2_100);
  assert.deepEqual(seen.asked, ["GET v1/poll"]);
  assert.deepEqual(seen.states, ["connecting", "connecting unreachable", "offline unreachable"]);
  await pass(4_100);
  assert.equal(Source.all.length, 4);
});

test("a page that wakes waits no longer, unless the service asked it to", async () => {
  const { link } = await opened();
  Source.last.fails(0);
  link.nudge();
  await pass(0);
  assert.equal(Source.all.length, 2);
  Source.last.greets();
  link.nudge();
  await pass(0);
  assert.equal(Source.all.length, 2);
  Source.last.says("bye", { reason: "limit", retry_ms: 30_000 });
  link.nudge();
  await pass(29_000);
  assert.equal(Source.all.length, 2);
  await pass(2_000);
  assert.equal(Source.all.length, 3);
});

test("a goodbye is honoured, and credentials that ended are not used again", async () => {
  const { seen } = await opened();
  Source.last.says("bye", { reason: "shutdown", retry_ms: 2_000 });
  assert.equal(seen.forgotten, 0);
  await pass(2_100);
  Source.last.says("bye", { reason: "expired", retry_ms: 100 });
  assert.equal(seen.forgotten, 1);
  await pass(800);
  assert.equal(Source.all.length, 2);
  await pass(300);
  assert.equal(Source.all.length, 3);
  assert.deepEqual(seen.states, ["connecting", "connecting shutdown", "connecting expired"]);
});

test("a refusal is final, until it is opened again", async () => {
  const { link, seen } = await opened(() => new PresenceError("No.", { status: 403 }));
  Source.last.fails(2);
  await pass(120_000);
  link.nudge();
  await pass(0);
  assert.deepEqual([Source.all.length, seen.asked, seen.refused], [1, ["HEAD v1/events"], [403]]);
  assert.equal(seen.states.at(-1), "offline refused");
  link.open();
  await pass(0);
  assert.equal(Source.all.length, 2);
});

test("who is told of a refusal may open it again at once", async () => {
  const no = () => new PresenceError("No.", { status: 401 });
  for (const told of ["refused", "offline unauthorized"]) {
    const heard = [];
    const { seen } = await opened(no, undefined, (what, link) => {
      heard.push(what);
      if (what === told) link.open();
    });
    Source.last.fails(2);
    await pass(0);
    Source.last.greets();
    // What else ends with the connection must have ended before.
    const before = told === "refused" ? [told] : ["refused", told];
    assert.deepEqual(heard.slice(2), [...before, "connecting", "live", "hello"]);
    assert.equal(seen.states.at(-1), "live");
  }
});

test("an interest that the service forgot is made again", async () => {
  let known = true;
  const forget = () => known && !(known = false);
  const { seen } = await opened(() => new PresenceError("No such interest.", { status: 404 }), forget);
  Source.last.fails(2);
  await pass(600);
  assert.deepEqual([Source.all.length, seen.refused], [2, []]);
  Source.last.fails(2);
  await pass(0);
  assert.deepEqual(seen.refused, [404]);
});

test("a stream without a greeting is tried with padding, then polls serve until one is greeted", async () => {
  const polls = [{ cursor: "c1", events: [{ event: "snapshot", data: { users: [] } }] }];
  const { seen } = await opened((method) => (method === "GET" ? polls.shift() : {}));
  await pass(5_100);
  assert.equal(parameter("pad"), "1");
  await pass(5_100);
  assert.deepEqual(seen.states, ["connecting", "connecting mute", "polling"]);
  assert.deepEqual(seen.events, ["snapshot", "poll"]);
  await pass(5_000);
  assert.equal(Source.all.length, 3);
  assert.equal(parameter("last_event_id"), "c1");
  await pass(5_100);
  assert.equal(Source.all.length, 3);
  await pass(10_000);
  assert.equal(Source.all.length, 4);
  Source.last.greets();
  assert.equal(seen.states.at(-1), "live");
  await pass(20_000);
  assert.equal(seen.asked.filter((asked) => asked === "GET v1/poll").length, 2);
});

test("where streams are held back, polls are what is tried again", async () => {
  let up = true;
  const answer = () => (up ? { cursor: "c", events: [] } : new PresenceError("Away."));
  const { seen } = await opened(answer);
  await pass(10_300);
  assert.equal(seen.states.at(-1), "polling");
  up = false;
  await pass(2_000);
  assert.equal(seen.states.at(-1), "offline unreachable");
  up = true;
  await pass(6_000);
  assert.equal(seen.states.at(-1), "polling");
});

test("a stream that is tried beside polls is padded once one was not greeted", async () => {
  await opened(() => ({ cursor: "c", events: [] }));
  for (const wait of [600, 1_100, 2_100]) {
    Source.last.fails(0);
    await pass(wait);
  }
  await pass(20_000);
  assert.deepEqual(Source.all.slice(3).map(({ url }) => url.searchParams.get("pad")), [null, "1"]);
});

test("a goodbye that a poll brings is the same as one of a stream", async () => {
  const bye = { event: "bye", data: { reason: "overload", retry_ms: 2_000 } };
  const answers = [{ cursor: "c", events: [] }, { cursor: "c", events: [bye] }, { cursor: "c", events: [bye] }];
  const { seen } = await opened((method) => (method === "GET" ? answers.shift() : {}));
  await pass(20_000);
  assert.deepEqual(seen.states.slice(2), ["polling", "offline overload"]);
  assert.deepEqual(answers, []);
});

const TROUBLES = {
  bye: () => Source.last.says("bye", { reason: "shutdown", retry_ms: 100 }),
  "connecting shutdown": () => Source.last.says("bye", { reason: "shutdown", retry_ms: 100 }),
  "connecting unreachable": () => Source.last.fails(0),
  "connecting cut": () => Source.last.fails(2),
  "connecting mute": () => pass(5_100),
};

for (const [told, trouble] of Object.entries(TROUBLES)) {
  test(`closed by one who is told of '${told}', it does nothing more`, async () => {
    const { seen } = await opened(undefined, undefined, (heard, link) => heard === told && link.close());
    await trouble();
    await pass(60_000);
    assert.ok(seen.states.at(-1) === told || seen.events.at(-1) === told);
    assert.equal(Source.all.length, 1);
  });
}

test("closed by one who is told what a poll brought, it polls no more, and takes no goodbye", async () => {
  const bye = { event: "bye", data: { reason: "shutdown", retry_ms: 100 } };
  const answer = () => ({ cursor: "c", events: [{ event: "presence", data: {} }, bye] });
  const { seen } = await opened(answer, undefined, (heard, link) => heard === "presence" && link.close());
  await pass(60_000);
  assert.deepEqual([seen.asked, seen.events], [["GET v1/poll"], ["presence"]]);
  assert.equal(Source.all.length, 2);
});

test("a closed link does nothing more", async () => {
  const { link, seen } = await opened();
  Source.last.fails(0);
  link.close();
  await pass(60_000);
  assert.equal(Source.all.length, 1);
  assert.deepEqual(seen.asked, []);
});
