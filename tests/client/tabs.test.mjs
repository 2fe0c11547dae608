// Pages of one browser, of which one leads. On locks and channels of the test's own.

import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";

import { Tabs } from "../../static/presence/tabs.js";

/** A BroadcastChannel of a browser in which everything is at hand. */
class Channel {
  static all = new Set();
  /** A script holds its page: it hears when that is over. */
  held = false;
  #waiting = [];

  constructor() {
    Channel.all.add(this);
  }

  postMessage(data) {
    for (const other of Channel.all) if (other !== this) other.#hear({ data: structuredClone(data) });
  }

  close() {
    Channel.all.delete(this);
  }

  release() {
    this.held = false;
    for (const message of this.#waiting.splice(0)) this.onmessage(message);
  }

  #hear(message) {
    if (this.held) this.#waiting.push(message);
    else queueMicrotask(() => this.onmessage(message));
  }
}

/** The first one has the lock until somebody steals it; the others wait. */
const locks = {
  holder: undefined,
  request(_name, { steal }, callback) {
    if (this.holder && !steal) return new Promise(() => undefined);
    const last = this.holder;
    return new Promise((resolve, reject) => {
      this.holder = reject;
      last?.(new DOMException("Stolen.", "AbortError"));
      Promise.resolve(callback()).then(resolve);
    });
  },
};
const denied = { request: () => Promise.reject(new DOMException("Denied.", "SecurityError")) };

beforeEach(() => {
  mock.timers.enable({ apis: ["setTimeout", "setInterval", "Date"] });
  locks.holder = undefined;
  Channel.all.clear();
  browser(locks);
});

afterEach(() => mock.timers.reset());

function browser(locks) {
  Object.defineProperty(globalThis, "navigator", { value: { locks }, configurable: true });
  Object.assign(globalThis, { BroadcastChannel: Channel, document: { hidden: false } });
}

async function pass(ms = 0) {
  for (let left = ms; left >= 0; left -= 50) {
    for (let turn = 0; turn < 20; turn += 1) await undefined;
    mock.timers.tick(50);
  }
}

/** A page that came in, what it was told, and its channel. */
async function page(name) {
  const seen = { told: [], led: 0, asked: 0 };
  const tabs = new Tabs("presence", {
    report: () => name,
    lead: () => (seen.led += 1),
    message: (message) => seen.told.push(message),
    reported: () => undefined,
    shared: () => "all",
    asked: () => (seen.asked += 1),
    ousted: () => undefined,
  });
  tabs.enter();
  await pass();
  return { tabs, seen, channel: [...Channel.all].at(-1) };
}

test("one leads, and the others hear it once they know what it knows", async () => {
  const [one, other] = [await page("one"), await page("other")];
  one.tabs.say("news");
  await pass();
  assert.deepEqual([one.tabs.leading, other.tabs.leading], [true, false]);
  assert.deepEqual([...one.tabs.reports.values()], ["other"]);
  assert.deepEqual(other.seen.told, ["all", "news"]);
});

test("a page that a script holds for a while is not taken for gone, one that misses two roll calls is", async () => {
  const [one, other] = [await page("one"), await page("other")];
  const called = async () => {
    one.tabs.rollCall();
    await pass(400);
    return one.tabs.reports.size;
  };
  for (let time = 0; time < 3; time += 1) {
    other.channel.held = true;
    assert.equal(await called(), 1);
    other.channel.release();
    await pass();
  }
  other.channel.held = true;
  assert.deepEqual([await called(), await called()], [1, 0]);
});

test("pages that each lead for themselves keep apart", async () => {
  browser(denied);
  const [one, other] = [await page("one"), await page("other")];
  one.tabs.say("news");
  await pass();
  assert.deepEqual([one.seen.led, other.seen.led, other.seen.told], [1, 1, []]);
});

test("a page that must not talk to others leads for itself", async () => {
  globalThis.BroadcastChannel = class {
    constructor() {
      throw new DOMException("Not here.", "SecurityError");
    }
  };
  const { tabs, seen } = await page("one");
  assert.deepEqual([tabs.leading, seen.led], [true, 1]);
});

test("one that lost the lead without hearing it is heard no more, and is told what the new one says", async () => {
  const [old, other, third] = [await page("old"), await page("other"), await page("third")];
  old.channel.held = true;
  // It is asked after four times in vain, by whoever asks first.
  await pass(20_100);
  const [next, follower] = other.tabs.leading ? [other, third] : [third, other];
  old.tabs.say("too late");
  old.channel.release();
  await pass();
  next.tabs.say("news");
  await pass();
  assert.deepEqual(follower.seen.told.slice(1), ["news"]);
  assert.equal(old.seen.told.at(-1), "news");
});

test("a leader that speaks is not asked whether it is there", async () => {
  const [one, other] = [await page("one"), await page("other")];
  one.channel.held = true;
  for (let second = 0; second < 25; second += 1) {
    await pass(1_000);
    one.tabs.say("news");
  }
  await pass();
  assert.equal(other.tabs.leading, false);
});
