// What is watched, and how the service is kept in line with it.

import assert from "node:assert/strict";
import { test } from "node:test";

import { PresenceError } from "../../static/presence/error.js";
import { Counted, lists, missing, union } from "../../static/presence/interest.js";
import { StoredInterest } from "../../static/presence/stored-interest.js";

const content = (users, channels = []) => union([{ users, channels }]);

test("what two ask for stays until both have let it go", () => {
  const counted = new Counted();
  counted.add({ users: ["a", "b"], join: ["x"] });
  counted.add({ users: ["a"] });
  counted.remove({ users: ["a", "b", "never"] });
  assert.deepEqual([...counted.content.users], ["a"]);
  assert.deepEqual([...counted.content.join], ["x"]);
  counted.remove({ users: ["a"] });
  assert.deepEqual([...counted.content.users], []);
});

test("a difference names what is missing, and channels one is in are not watched", () => {
  const wanted = union([{ users: ["a", "b"], channels: ["a"], join: ["x"] }]);
  assert.deepEqual(missing(wanted, content(["a"])), [["users", "b"], ["channels", "a"]]);
  assert.deepEqual(lists([["users", "b"]]), { users: ["b"], channels: [], members: [] });
});

/** A service that stores interests, unless `refuse(method, body)` gives a status. */
function storing(refuse = () => undefined) {
  const seen = { asked: [], removed: [], refused: 0, unstored: 0 };
  const service = {
    async ask(method, path, { body }) {
      seen.asked.push([method, path, body]);
      const status = refuse(method, body);
      if (status) throw new PresenceError("No.", { status });
      return { interest: "i" };
    },
  };
  const interest = new StoredInterest(service, {
    held: (removed) => seen.removed.push(...removed.users),
    unstored: () => (seen.unstored += 1),
    refused: () => (seen.refused += 1),
  });
  return { interest, seen };
}

async function settle() {
  for (let turn = 0; turn < 200; turn += 1) await undefined;
}

test("it is made once, and then changed by differences", async () => {
  const { interest, seen } = storing();
  interest.want(content(["a", "b"]));
  assert.deepEqual(await interest.pairs(), [["interest", "i"]]);
  interest.want(content(["b", "c"], ["x"]));
  await settle();
  interest.want(content(["b", "c"], ["x"]));
  await settle();
  const none = { users: [], channels: [], members: [] };
  assert.deepEqual(seen.asked, [
    ["POST", "v1/interests", { ...none, users: ["a", "b"] }],
    ["PATCH", "v1/interests/i", { add: { ...none, users: ["c"], channels: ["x"] }, remove: { ...none, users: ["a"] } }],
  ]);
  assert.deepEqual(seen.removed, ["a"]);
  assert.deepEqual(await interest.pairs(), [["interest", "i"]]);
});

test("one that is refused does not keep the others out", async () => {
  const refuse = (method, body) => ((body.add ?? body).users.includes("secret") ? 403 : undefined);
  const { interest, seen } = storing(refuse);
  const wanted = content(["a", "b", "secret", "c", "d", "e"]);
  interest.want(wanted);
  await interest.pairs();
  await settle();
  assert.deepEqual([...interest.held.users].toSorted(), ["a", "b", "c", "d", "e"]);
  assert.equal(seen.refused, 1);
  interest.want(wanted);
  await settle();
  assert.equal(seen.refused, 1);
});

test("one that the service does not know any more is made again", async () => {
  const { interest, seen } = storing((method) => (method === "PATCH" ? 404 : undefined));
  interest.want(content(["a"]));
  await interest.pairs();
  interest.want(content(["b"]));
  await settle();
  assert.equal(seen.unstored, 1);
  assert.deepEqual(await interest.pairs(), [["interest", "i"]]);
  assert.deepEqual([...interest.held.users], ["b"]);
  interest.end();
});

test("where none are stored, short ones stand in the address", async () => {
  const { interest, seen } = storing(() => 404);
  interest.want(content(["a"], ["x"]));
  assert.deepEqual(await interest.pairs(), [["user", "a"], ["channel", "x"]]);
  interest.want(content(["a", "b"], ["x"]));
  assert.equal(seen.unstored, 1);
  assert.deepEqual(await interest.pairs(), [["user", "a"], ["user", "b"], ["channel", "x"]]);
  assert.equal(seen.asked.length, 1);
  const long = Array.from({ length: 2_000 }, (_, index) => `user-${index}`);
  interest.want(content(long));
  await assert.rejects(interest.pairs(), { status: 414 });
});

test("trouble is no answer: nothing is decided by it", async () => {
  for (const status of [503, 429, 401]) {
    const { interest } = storing(() => status);
    interest.want(content(["a"]));
    await assert.rejects(interest.pairs(), { status });
  }
});
