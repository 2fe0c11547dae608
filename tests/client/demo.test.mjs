import assert from "node:assert/strict";
import { test } from "node:test";

import { fault } from "../../static/demo/contacts.js";
import { activityWords, line, ownLine } from "../../static/demo/words.js";

test("a line says what a record says", () => {
  const records = [
    { status: "offline", version: 0 },
    { status: "offline", version: 3, last_seen: 1e12 },
    { status: "offline", version: 3 },
    { status: "idle", version: 1, last_seen: 1e12 },
    { status: "dnd", version: 1, text: "Deep work", emoji: "🎧" },
    { status: "online", version: 1, emoji: "🚆" },
    { status: "something new", version: 1 },
  ];
  assert.deepEqual(
    records.map((record) => line(record, 1e12)),
    [
      "Offline · never seen",
      "Offline · last seen just now",
      "Offline",
      "Away · active just now",
      "Do not disturb · 🎧 Deep work",
      "Online · 🚆",
      "Unknown",
    ],
  );
  assert.equal(ownLine({ status: "invisible" }, 1e12), "Invisible: others see you offline");
  assert.equal(activityWords("in_call"), "In call");
});

test("names that the service would refuse are refused at once", () => {
  const good = ["alice", "*,:/{%🙂", "é".repeat(64)];
  const bad = ["é".repeat(65), "", "a\nb", "\ud800"];
  assert.deepEqual(good.map(fault), ["", "", ""]);
  assert.ok(bad.every(fault));
});
