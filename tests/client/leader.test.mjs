// What the page that leads does about what the others report. On a clock of the test's own.

import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";

import { Leader } from "../../static/presence/leader.js";

beforeEach(() => {
  mock.timers.enable({ apis: ["setTimeout", "Date"], now: 1e12 });
  globalThis.document = { hidden: false };
  globalThis.EventSource = class extends EventTarget {
    close() {}
  };
});

afterEach(() => mock.timers.reset());

async function pass(ms) {
  for (let left = ms; left > 0; left -= 50) {
    for (let turn = 0; turn < 20; turn += 1) await undefined;
    mock.timers.tick(50);
  }
}

/** A leader of two pages whose reports the test changes, and the heartbeats it sent. */
async function leading() {
  const beats = [];
  const reports = [0, 1].map(() => ({ wishes: [], lastInput: Date.now(), visible: true, woke: 0 }));
  const service = {
    async ask(_method, path, { body }) {
      if (path === "v1/heartbeat") beats.push(body);
      return { interest: "i", heartbeat_ms: 15_000 };
    },
    streamUrl: async () => "https://presence.test/v1/events",
    sequence: () => 1,
    leave: () => undefined,
  };
  const leader = new Leader({
    service,
    credentials: {},
    kind: "web",
    shared: { cursor: "", interest: { held: [] } },
    reports: () => reports,
    gather: async () => undefined,
    tell: () => undefined,
  });
  leader.start();
  await pass(100);
  return { leader, reports, beats };
}

test("pages that wake one after another are one waking, and one more", async () => {
  const { leader, reports, beats } = await leading();
  const wake = async (page) => {
    reports[page].woke = Date.now();
    leader.changed();
    await pass(100);
  };
  await wake(0);
  assert.equal(beats.length, 2);
  for (let time = 0; time < 10; time += 1) await wake(time % 2);
  assert.equal(beats.length, 2);
  await pass(5_000);
  assert.equal(beats.length, 3);
  await pass(5_000);
  assert.equal(beats.length, 3);
  leader.stop();
});

test("a leader that is hidden beats when a page that is seen tells of input and it is late", async () => {
  document.hidden = true;
  const { leader, reports, beats } = await leading();
  for (let second = 0; second < 40; second += 1) {
    await pass(1_000);
    reports[1].lastInput = Date.now();
    leader.changed();
  }
  assert.deepEqual(beats.length, 3);
  assert.equal(beats.at(-1).interval_ms, 60_000);
  leader.stop();
});
