// What is watched, and how the service is kept in line with it.

import assert from "node:assert/strict";
import { test } from "node:test";

import { PresenceError } from "../../static/presence/error.js";
import { Counted, ids, lists, wishes, without } from "../../static/presence/interest.js";
import { StoredInterest } from "../../static/presence/stored-interest.js";

const wanted = (users, channels = []) => wishes({ users, channels });

test("what two ask for stays until both have let it go", () => {
  const counted = new Counted();
  counted.add(wishes({ users: ["a", "b"], join: "x" }));
  counted.add(wishes({ users: new Set(["a"]) }));
  counted.add(wishes({ users: ["a", "b", "never"] }), -1);
  assert.deepEqual(counted.all, ["users a", "join x"]);
  counted.add(wishes({ users: ["a"] }), -1);
  assert.deepEqual(counted.all, ["join x"]);
});

test("a difference names what is missing, and channels one is in are not watched", () => {
  const all = wishes({ users: ["a", "b c"], channels: ["a"], join: ["x"] });
  assert.deepEqual(without(all, wishes({ users: ["a"] })), ["users b c", "channels a", "join x"]);
  assert.deepEqual(lists(all), { users: ["a", "b c"], channels: ["a"], members: [] });
  assert.deepEqual(ids(all, "join"), ["x"]);
});

/** A service that stores interests, unless `refuse(method, body)` gives a status, or more to say. */
function storing(refuse = () => undefined) {
  const seen = { asked: [], removed: [], refused: 0, lost: 0 };
  const service = {
    async ask(method, path, { body }) {
      seen.asked.push([method, path, body]);
      const status = refuse(method, body);
      if (status) throw new PresenceError("No.", typeof status === "object" ? status : { status });
      return { interest: "i" };
    },
  };
  const interest = new StoredInterest(service, { held: [] }, {
    held: (removed) => seen.removed.push(...removed),
    lost: () => (seen.lost += 1),
    refused: () => (seen.refused += 1),
  });
  return { interest, seen };
}

async function settle() {
  for (let turn = 0; turn < 200; turn += 1) await undefined;
}

test("it is made once, and then changed by differences", async () => {
  const { interest, seen } = storing();
  interest.want(wanted(["a", "b"]));
  assert.deepEqual(await interest.pairs(), [["interest", "i"]]);
  interest.want(wanted(["b", "c"], ["x"]));
  await settle();
  interest.want(wanted(["b", "c"], ["x"]));
  await settle();
  const none = { users: [], channels: [], members: [] };
  assert.deepEqual(seen.asked, [
    ["POST", "v1/interests", { ...none, users: ["a", "b"] }],
    ["PATCH", "v1/interests/i", { add: { ...none, users: ["c"], channels: ["x"] }, remove: { ...none, users: ["a"] } }],
  ]);
  assert.deepEqual(seen.removed, ["users a"]);
  assert.deepEqual(await interest.pairs(), [["interest", "i"]]);
});

test("those who ask for it while it is made get the same one", async () => {
  const { interest, seen } = storing();
  interest.want(wanted(["a"]));
  await Promise.all([interest.pairs(), interest.pairs()]);
  assert.equal(seen.asked.length, 1);
  interest.forget();
  await interest.pairs();
  assert.equal(seen.asked.length, 2);
});

test("one that is refused does not keep the others out", async () => {
  const refuse = (method, body) => ((body.add ?? body).users.includes("secret") ? 403 : undefined);
  const { interest, seen } = storing(refuse);
  const all = wanted(["a", "b", "secret", "c", "d", "e"]);
  interest.want(all);
  await interest.pairs();
  await settle();
  assert.deepEqual(ids(interest.held, "users").toSorted(), ["a", "b", "c", "d", "e"]);
  assert.equal(seen.refused, 1);
  interest.want(all);
  await settle();
  assert.equal(seen.refused, 1);
});

test("many that are refused are found without asking for all the others again and again", async () => {
  const refuse = (method, body) => ((body.add ?? body).users.some((user) => user % 16 === 0) ? 403 : undefined);
  const { interest, seen } = storing(refuse);
  interest.want(wanted(Array.from({ length: 256 }, (_, number) => `${number}`)));
  await interest.pairs();
  for (let turn = 0; turn < 20; turn += 1) await settle();
  assert.deepEqual([interest.held.length, seen.refused], [240, 16]);
  assert.ok(seen.asked.length < 160, `${seen.asked.length}`);
});

test("all that the service names are let go at once", async () => {
  const denied = (body) => ({
    users: (body.add ?? body).users.filter((user) => user % 2),
    channels: (body.add ?? body).channels.filter((channel) => channel === "vault"),
  });
  const { interest, seen } = storing((_, body) => {
    const { users, channels } = denied(body);
    if (users.length > 0) return { status: 403, denied: { users } };
    return channels.length > 0 ? { status: 403, denied: { channels } } : undefined;
  });
  interest.want(wishes({ users: Array.from({ length: 100 }, (_, number) => `${number}`), channels: ["vault", "hall"] }));
  await interest.pairs();
  await settle();
  assert.deepEqual([interest.held.length, seen.refused, seen.asked.length], [51, 2, 5]);
});

test("one that the service does not know any more is made again", async () => {
  const { interest, seen } = storing((method) => (method === "PATCH" ? 404 : undefined));
  interest.want(wanted(["a"]));
  await interest.pairs();
  interest.want(wanted(["b"]));
  await settle();
  assert.equal(seen.lost, 1);
  assert.deepEqual(await interest.pairs(), [["interest", "i"]]);
  assert.deepEqual(interest.held, ["users b"]);
  interest.end();
});

test("who is not believed any more does not ask again and again", async () => {
  const { interest, seen } = storing((method) => (method === "PATCH" ? 401 : undefined));
  interest.want(wanted(["a"]));
  await interest.pairs();
  interest.want(wanted(["b"]));
  await settle();
  assert.deepEqual([seen.asked.length, seen.refused], [2, 1]);
  await new Promise((resolve) => setTimeout(resolve, 1_100)); // longer than any first backoff
  assert.equal(seen.asked.length, 2);
  await interest.pairs();
  await settle();
  assert.equal(seen.asked.length, 3);
});

test("trouble is no answer: nothing is decided by it", async () => {
  for (const status of [503, 429, 401]) {
    const { interest } = storing(() => status);
    interest.want(wanted(["a"]));
    await assert.rejects(interest.pairs(), { status });
  }
});
