// What a page knows: records, typing lists, who is in a channel.

import assert from "node:assert/strict";
import { test } from "node:test";

import { nothing, union } from "../../static/presence/interest.js";
import { Rolls } from "../../static/presence/rolls.js";
import { Roster } from "../../static/presence/roster.js";
import { TypingLists } from "../../static/presence/typing-lists.js";
import { View } from "../../static/presence/view.js";

const versions = (roster) => ["a", "b", "c"].map((user) => roster.get(user)?.version);

test("a snapshot replaces everything, once all of its parts are there", () => {
  const roster = new Roster();
  roster.snapshot({ users: [{ user: "a", version: 7 }], part: 1, parts: 1 });
  assert.deepEqual(versions(roster), [7, undefined, undefined]);
  assert.deepEqual(roster.snapshot({ users: [{ user: "a", version: 2 }], part: 1, parts: 2 }), []);
  assert.deepEqual(versions(roster), [7, undefined, undefined]);
  roster.merge([{ user: "b", version: 5 }]);
  assert.equal(roster.snapshot({ users: [{ user: "b", version: 4 }], part: 2, parts: 2 }).length, 2);
  assert.deepEqual(versions(roster), [2, 5, undefined]);
});

test("a new connection voids what came of a snapshot before", () => {
  const roster = new Roster();
  roster.snapshot({ users: [{ user: "c", version: 1 }], part: 1, parts: 2 });
  roster.connected();
  roster.snapshot({ users: [], part: 1, parts: 1 });
  assert.deepEqual(versions(roster), [undefined, undefined, undefined]);
});

test("a delta counts only where it is newer", () => {
  const roster = new Roster();
  const news = [3, 3, 2, 4].map((version) => roster.merge([{ user: "a", version }]).length);
  assert.deepEqual(news, [1, 0, 0, 1]);
});

test("another page is told all of it, also in the middle of a snapshot", () => {
  const [one, other] = [new View(), new View()];
  const channel = { channel: "x", typing: [{ user: "d", expires_in: 500 }], count: 3 };
  one.apply("snapshot", { users: [{ user: "a", version: 1 }], part: 1, parts: 1 }, 0);
  one.apply("typing", { channels: [channel] }, 1_000);
  one.apply("channel", { channels: [{ channel: "x", count: 2, members: ["a", "b"] }] }, 0);
  one.apply("snapshot", { users: [{ user: "b", version: 1 }], part: 1, parts: 2 }, 0);
  for (const [type, data] of one.events(1_100)) other.apply(type, data, 50);
  assert.deepEqual(versions(other.roster), [1, undefined, undefined]);
  assert.deepEqual(other.typing.get("x", 449), { users: ["d"], count: 3 });
  assert.deepEqual(other.typing.get("x", 450), { users: [], count: 0 });
  assert.deepEqual(other.rolls.get("x"), { count: 2, members: ["a", "b"] });
  other.apply("snapshot", { users: [{ user: "c", version: 1 }], part: 2, parts: 2 }, 0);
  assert.deepEqual(versions(other.roster), [undefined, 1, 1]);
});

test("typing ends by itself, and a list replaces the last", () => {
  const lists = new TypingLists();
  const nobody = { users: [], count: 0 };
  const list = (typing, count) => lists.apply({ channel: "x", typing, count }, 1_000);
  assert.deepEqual(lists.get("x", 0), nobody);
  list([{ user: "a", expires_in: 100 }, { user: "b", expires_in: 200 }], 5);
  assert.deepEqual(lists.get("x", 1_000), { users: ["a", "b"], count: 5 });
  assert.equal(lists.untilNextEnd(1_000), 100);
  assert.deepEqual(lists.expire(1_099), []);
  assert.deepEqual(lists.expire(1_100), ["x"]);
  assert.deepEqual(lists.get("x", 1_100), { users: ["b"], count: 4 });
  assert.equal(lists.untilNextEnd(1_100), 100);
  assert.deepEqual(lists.expire(1_200), ["x"]);
  assert.deepEqual(lists.get("x", 1_200), nobody);
  assert.equal(lists.untilNextEnd(1_200), undefined);
  list([{ user: "c", expires_in: 100 }], 1);
  assert.deepEqual(lists.get("x", 1_000), { users: ["c"], count: 1 });
});

test("who comes and goes is followed until there are too many", () => {
  const rolls = new Rolls();
  const apply = (entry) => {
    rolls.apply({ channel: "x", ...entry });
    return rolls.get("x");
  };
  assert.deepEqual(rolls.get("x"), { count: 0, members: undefined });
  assert.deepEqual(apply({ count: 2, members: ["a", "b"] }), { count: 2, members: ["a", "b"] });
  assert.deepEqual(apply({ count: 2, joined: ["c"], left: ["a"] }), { count: 2, members: ["b", "c"] });
  assert.deepEqual(apply({ count: 900 }), { count: 900, members: undefined });
  assert.deepEqual(apply({ count: 901, joined: ["d"] }), { count: 901, members: undefined });
  assert.deepEqual(apply({ count: 1, members: ["d"] }), { count: 1, members: ["d"] });
  assert.deepEqual(apply({ count: 0, left: ["d"] }), { count: 0, members: [] });
});

test("what is not followed any more is forgotten, unless something else still follows it", () => {
  const view = new View();
  const users = ["me", "a", "b", "c", "d"].map((user) => ({ user, version: 1 }));
  view.apply("snapshot", { users, part: 1, parts: 1 }, 0);
  view.apply("channel", { channels: [{ channel: "x", count: 3, members: ["b", "c", "d"] }] }, 0);
  view.apply("channel", { channels: [{ channel: "y", count: 1, members: ["c"] }] }, 0);
  const known = () => users.map(({ user }) => user).filter((user) => view.roster.get(user));
  const held = (content) => ({ ...nothing(), ...union([content]) });
  view.forget({ users: ["a", "b", "me"] }, held({ members: ["x", "y"] }), "me");
  assert.deepEqual(known(), ["me", "b", "c", "d"]);
  view.forget({ members: ["x"] }, held({ users: ["d"], members: ["y"] }), "me");
  assert.deepEqual(known(), ["me", "c", "d"]);
  assert.deepEqual(view.rolls.get("x"), { count: 0, members: undefined });
  assert.deepEqual(view.rolls.get("y"), { count: 1, members: ["c"] });
});
