// What a page knows: records, typing lists, who is in a channel.

import assert from "node:assert/strict";
import { test } from "node:test";

import { wishes } from "../../static/presence/interest.js";
import { View } from "../../static/presence/view.js";

const versions = (view) => ["a", "b", "c"].map((user) => view.record(user)?.version);

/** Takes one event; gives the records that are news. */
const snapshot = (view, users, part, parts) => view.apply("snapshot", { users, part, parts }, 0).records;
const presence = (view, ...users) => view.apply("presence", { users }, 0).records;
const typing = (view, entries, count) =>
  view.apply("typing", { channels: [{ channel: "x", typing: entries, count }] }, 1_000).typing;

test("a snapshot replaces everything, once all of its parts are there", () => {
  const view = new View();
  snapshot(view, [{ user: "a", version: 7 }], 1, 1);
  assert.deepEqual(versions(view), [7, undefined, undefined]);
  assert.deepEqual(snapshot(view, [{ user: "a", version: 2 }], 1, 2), []);
  assert.deepEqual(versions(view), [7, undefined, undefined]);
  presence(view, { user: "b", version: 5 });
  assert.equal(snapshot(view, [{ user: "b", version: 4 }], 2, 2).length, 2);
  assert.deepEqual(versions(view), [2, 5, undefined]);
});

test("a new connection voids what came of a snapshot before", () => {
  const view = new View();
  snapshot(view, [{ user: "c", version: 1 }], 1, 2);
  view.apply("hello", {}, 0);
  snapshot(view, [], 1, 1);
  assert.deepEqual(versions(view), [undefined, undefined, undefined]);
});

test("a delta counts only where it is newer", () => {
  const view = new View();
  const news = [3, 3, 2, 4].map((version) => presence(view, { user: "a", version }).length);
  assert.deepEqual(news, [1, 0, 0, 1]);
});

test("another page is told all of it, also in the middle of a snapshot", () => {
  const [one, other] = [new View(), new View()];
  snapshot(one, [{ user: "a", version: 1 }], 1, 1);
  typing(one, [{ user: "d", expires_in: 500 }], 3);
  one.apply("channel", { channels: [{ channel: "x", count: 2, members: ["a", "b"] }] }, 0);
  snapshot(one, [{ user: "b", version: 1 }], 1, 2);
  const news = other.adopt(structuredClone(one.known));
  assert.deepEqual(news, { records: [{ user: "a", version: 1 }], channels: [{ channel: "x" }], typing: ["x"] });
  assert.deepEqual(versions(other), [1, undefined, undefined]);
  assert.deepEqual(other.typing("x", 1_499), { users: ["d"], count: 3, ends: 1_500 });
  assert.equal(other.typing("x", 1_500).count, 0);
  assert.deepEqual(other.roll("x"), { count: 2, members: ["a", "b"] });
  snapshot(other, [{ user: "c", version: 1 }], 2, 2);
  assert.deepEqual(versions(other), [undefined, 1, 1]);
});

test("typing ends by itself, and a list replaces the last", () => {
  const view = new View();
  const nobody = { users: [], count: 0, ends: Infinity };
  assert.deepEqual(view.typing("x", 0), nobody);
  assert.deepEqual(typing(view, [{ user: "a", expires_in: 100 }, { user: "b", expires_in: 200 }], 5), ["x"]);
  assert.deepEqual(view.typing("x", 1_000), { users: ["a", "b"], count: 5, ends: 1_100 });
  assert.deepEqual(view.typing("x", 1_100), { users: ["b"], count: 4, ends: 1_200 });
  assert.deepEqual(view.typing("x", 1_200), nobody);
  typing(view, [{ user: "c", expires_in: 100 }], 1);
  assert.deepEqual(view.typing("x", 1_000), { users: ["c"], count: 1, ends: 1_100 });
});

test("who comes and goes is followed until there are too many", () => {
  const view = new View();
  const apply = (entry) => {
    view.apply("channel", { channels: [{ channel: "x", ...entry }] }, 0);
    return view.roll("x");
  };
  assert.deepEqual(view.roll("x"), { count: 0, members: undefined });
  assert.deepEqual(apply({ count: 2, members: ["a", "b"] }), { count: 2, members: ["a", "b"] });
  assert.deepEqual(apply({ count: 2, joined: ["c"], left: ["a"] }), { count: 2, members: ["b", "c"] });
  assert.deepEqual(apply({ count: 900 }), { count: 900, members: undefined });
  assert.deepEqual(apply({ count: 901, joined: ["d"] }), { count: 901, members: undefined });
  assert.deepEqual(apply({ count: 1, members: ["d"] }), { count: 1, members: ["d"] });
  assert.deepEqual(apply({ count: 0, left: ["d"] }), { count: 0, members: [] });
});

test("while a followed channel is too large to be listed, nobody is forgotten", () => {
  const view = new View();
  const held = wishes({ users: ["me"], members: ["big"] });
  const roll = (entry) => view.apply("channel", { channels: [{ channel: "big", ...entry }] }, 0);
  const known = () => ["me", "a", "b"].filter((user) => view.record(user));
  snapshot(view, ["me", "a", "b"].map((user) => ({ user, version: 1 })), 1, 1);
  view.forget({ users: ["a"] }, held);
  roll({ count: 900 });
  view.forget({ users: ["a"] }, held);
  assert.deepEqual(known(), ["me", "a", "b"]);
  roll({ count: 1, members: ["b"] });
  view.forget({}, held);
  assert.deepEqual(known(), ["me", "b"]);
  roll({ count: 900 });
  view.forget({ members: ["big"] }, wishes({ users: ["me"] }));
  assert.deepEqual(known(), ["me"]);
});

test("what is forgotten in the middle of a snapshot does not come with its end", () => {
  const view = new View();
  snapshot(view, [{ user: "a", version: 1 }, { user: "b", version: 1 }], 1, 2);
  view.forget({ users: ["a"] }, []);
  snapshot(view, [], 2, 2);
  assert.deepEqual(versions(view), [undefined, 1, undefined]);
});

test("a list of members says who came and went since the last one", () => {
  const view = new View();
  const apply = (members) =>
    view.apply("channel", { channels: [{ channel: "x", count: members.length, members }] }, 0).channels;
  assert.deepEqual(apply(["a", "b"]), [{ channel: "x", joined: [], left: [] }]);
  assert.deepEqual(apply(["b", "c"]), [{ channel: "x", joined: ["c"], left: ["a"] }]);
});

test("what is not followed any more is forgotten, unless something else still follows it", () => {
  const view = new View();
  const users = ["me", "a", "b", "c", "d"].map((user) => ({ user, version: 1 }));
  snapshot(view, users, 1, 1);
  view.apply("channel", { channels: [{ channel: "x", count: 3, members: ["b", "c", "d"] }] }, 0);
  view.apply("channel", { channels: [{ channel: "y", count: 1, members: ["c"] }] }, 0);
  const known = () => users.map(({ user }) => user).filter((user) => view.record(user));
  view.forget({ users: ["a", "b"] }, wishes({ users: ["me"], members: ["x", "y"] }));
  assert.deepEqual(known(), ["me", "b", "c", "d"]);
  view.forget({ members: ["x"] }, wishes({ users: ["me", "d"], members: ["y"] }));
  assert.deepEqual(known(), ["me", "c", "d"]);
  assert.deepEqual(view.roll("x"), { count: 0, members: undefined });
  assert.deepEqual(view.roll("y"), { count: 1, members: ["c"] });
});
