// When things are said: backoff, heartbeats, sleep, typing.

import assert from "node:assert/strict";
import { mock, test } from "node:test";

import { backoff } from "../../static/presence/backoff.js";
import { PresenceError } from "../../static/presence/error.js";
import { Heartbeat, hiddenInterval, nextBeat } from "../../static/presence/heartbeat.js";
import { Page, slept } from "../../static/presence/page.js";
import { Typing } from "../../static/presence/typing.js";

/** Lets what has been promised happen. */
async function settle() {
  for (let turn = 0; turn < 20; turn += 1) await undefined;
}

/** Runs `body(pass)` on a clock of its own: `pass(ms)` lets time pass. */
async function timed(body) {
  mock.timers.enable({ apis: ["setTimeout", "Date"] });
  try {
    await body(async (ms) => {
      for (let left = ms; left > 0; left -= 50) {
        mock.timers.tick(Math.min(50, left));
        await settle();
      }
    });
  } finally {
    mock.timers.reset();
    mock.restoreAll();
  }
}

test("attempts spread and are capped", () => {
  const waits = [[0, 0], [0, 1], [3, 1], [99, 0], [99, 1]].map(([attempt, chance]) => backoff(attempt, () => chance));
  assert.deepEqual(waits, [250, 500, 4_000, 15_000, 30_000]);
});

test("a hidden page declares only what the service allows", () => {
  const declared = [undefined, 1_000, 14_999, 15_000, 60_000, 180_000, 180_001].map(hiddenInterval);
  assert.deepEqual(declared, [undefined, undefined, undefined, 60_000, 60_000, 60_000, undefined]);
  assert.deepEqual([0, 1].map((chance) => nextBeat(1_000, () => chance)), [900, 1_000]);
});

test("a hidden page may miss a minute before it is taken for asleep, one that is seen ten seconds", () => {
  assert.deepEqual([9_000, 11_000].map((gap) => slept(gap, true)), [false, true]);
  assert.deepEqual([61_000, 91_000].map((gap) => slept(gap, false)), [false, true]);
});

test("input is told after a pause, and again while it goes on", () =>
  timed(async (pass) => {
    const inputs = [];
    const listens = { addEventListener: (type, listener) => type === "keydown" && inputs.push(listener) };
    Object.assign(globalThis, listens, { document: { ...listens, hidden: false } });
    mock.method(globalThis, "setInterval", () => undefined);
    let told = 0;
    const page = new Page({ changed: () => (told += 1) });
    const key = () => inputs[0]({ isTrusted: true });
    for (let second = 0; second < 50; second += 1) {
      await pass(1_000);
      key();
    }
    assert.equal(told, 3);
    page.lastInput = Date.now() - 600_000; // as the application said
    key();
    assert.equal(told, 4);
  }));

/** A heartbeat whose sends are answered by `answers`, the last one again and again. */
function beating(...answers) {
  const seen = { sent: 0, failed: 0, refused: 0 };
  globalThis.document = { hidden: false };
  const heartbeat = new Heartbeat({
    async send() {
      seen.sent += 1;
      const answer = answers[Math.min(seen.sent, answers.length) - 1];
      if (answer instanceof Error) throw answer;
      return answer;
    },
    gather: async () => undefined,
    failed: () => (seen.failed += 1),
    refused: () => (seen.refused += 1),
  });
  return { heartbeat, seen };
}

test("heartbeats keep the pace of the service", () =>
  timed(async (pass) => {
    const { heartbeat, seen } = beating({ heartbeat_ms: 10_000 });
    heartbeat.start();
    await pass(100_000);
    assert.ok(seen.sent >= 10 && seen.sent <= 12, `${seen.sent}`);
    heartbeat.stop();
    await pass(50_000);
    assert.ok(seen.sent <= 12);
  }));

test("a heartbeat that failed is repeated soon, and one that was put off as late as asked", () =>
  timed(async (pass) => {
    const later = new PresenceError("Later.", { status: 503, retryMs: 4_000 });
    const { heartbeat, seen } = beating(new PresenceError("Lost."), later, { heartbeat_ms: 10_000 });
    heartbeat.start();
    await pass(550);
    assert.deepEqual(seen, { sent: 2, failed: 2, refused: 0 });
    await pass(3_000);
    assert.equal(seen.sent, 2);
    await pass(1_500);
    assert.equal(seen.sent, 3);
    heartbeat.stop();
  }));

test("a service that asks for no wait at all is not taken at its word", () =>
  timed(async (pass) => {
    const { heartbeat, seen } = beating(new PresenceError("Now.", { status: 503, retryMs: 0 }));
    heartbeat.start();
    await pass(5_000);
    assert.ok(seen.sent <= 5, `${seen.sent}`);
    heartbeat.stop();
  }));

test("a heartbeat that failed does not wait when the service is there again", () =>
  timed(async (pass) => {
    const { heartbeat, seen } = beating(new PresenceError("Lost.", { retryMs: 9_000 }), { heartbeat_ms: 10_000 });
    heartbeat.start();
    await pass(100);
    heartbeat.catchUp();
    await pass(100);
    heartbeat.catchUp();
    await pass(100);
    assert.equal(seen.sent, 2);
    heartbeat.stop();
  }));

test("a heartbeat of a hidden page is late for one that is seen, unless the service put it off", () =>
  timed(async (pass) => {
    const { heartbeat } = beating({ heartbeat_ms: 60_000 }, new PresenceError("Later.", { retryMs: 60_000 }));
    document.hidden = true;
    const late = async (ms) => {
      await pass(ms);
      return heartbeat.late;
    };
    heartbeat.paceMs = 15_000;
    heartbeat.start();
    assert.deepEqual([await late(14_000), await late(2_000)], [false, true]);
    heartbeat.now();
    assert.equal(await late(20_000), false);
    heartbeat.stop();
  }));

test("a heartbeat that is refused is the last", () =>
  timed(async (pass) => {
    const { heartbeat, seen } = beating(new PresenceError("No.", { status: 401 }));
    heartbeat.start();
    await pass(60_000);
    assert.deepEqual(seen, { sent: 1, failed: 0, refused: 1 });
  }));

/** A typing signal and what it sent. */
function typing(answer) {
  const sent = [];
  const signal = new Typing(async (on) => {
    sent.push(on);
    if (answer instanceof Error) throw answer;
    return answer;
  });
  return { signal, sent };
}

test("typing is told at the first key, refreshed at the service's figure, and over after a pause", () =>
  timed(async (pass) => {
    const { signal, sent } = typing({ refresh_ms: 1_000 });
    for (let key = 0; key < 30; key += 1) {
      signal.key();
      await pass(100);
    }
    assert.deepEqual(sent, [true, true, true]);
    await pass(1_950);
    assert.equal(sent.at(-1), false);
    await pass(10_000);
    assert.equal(sent.filter((on) => !on).length, 1);
  }));

test("a typing signal that fails is dropped, and what was not said to go on is not ended", () =>
  timed(async (pass) => {
    const { signal, sent } = typing(new Error("lost"));
    signal.stop();
    signal.key();
    signal.key();
    signal.stop();
    signal.stop();
    signal.key();
    await pass(2_500);
    assert.deepEqual(sent, [true, false, true, false]);
  }));
