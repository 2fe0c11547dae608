import assert from "node:assert/strict";
import { test } from "node:test";

import { Words } from "../../static/elements/words.js";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const NOW = 1e12;

const english = new Words();
const agoIn = (words) => (age) => words.ago(NOW - age, NOW);

test("times are no finer than what is known", () => {
  const ages = [
    [-MINUTE, "just now"],
    [0, "just now"],
    [5 * MINUTE - 1, "just now"],
    [5 * MINUTE, "a few minutes ago"],
    [19 * MINUTE, "a few minutes ago"],
    [20 * MINUTE, "20 minutes ago"],
    [59 * MINUTE, "50 minutes ago"],
    [HOUR, "an hour ago"],
    [2 * HOUR - 1, "an hour ago"],
    [23 * HOUR, "23 hours ago"],
    [DAY, "yesterday"],
    [3 * DAY, "3 days ago"],
    [8 * DAY, "last week"],
    [90 * DAY, "3 months ago"],
  ];
  assert.deepEqual(ages.map(([age]) => agoIn(english)(age)), ages.map(([, words]) => words));
});

test("another language has its own times, and the words that it is given", () => {
  const german = new Words("de", { offline: "Offline seit", on: (kinds) => `mit ${kinds}`, mobile: "Telefon" });
  assert.deepEqual([0, 7 * MINUTE, HOUR, 3 * HOUR, DAY].map(agoIn(german)), [
    "jetzt",
    "vor 5 Minuten",
    "vor 1 Stunde",
    "vor 3 Stunden",
    "gestern",
  ]);
  assert.equal(german.label({ status: "offline" }, NOW), "Offline seit");
  assert.equal(german.label({ status: "online", devices: ["mobile", "web"] }, NOW), "Online, mit Telefon und browser");
});

test("a badge says what a record says, and its label adds the devices", () => {
  const away = { status: "idle", last_seen: NOW - HOUR, devices: ["mobile", "toaster"] };
  assert.equal(english.badge(away, NOW), "Away · an hour ago");
  assert.equal(english.label(away, NOW), "Away, an hour ago, on phone and toaster");
  assert.equal(english.label(away, NOW, true), "Away, an hour ago, on phone and toaster, not up to date");
  assert.equal(english.badge({ status: "offline" }, NOW), "Offline");
  assert.equal(english.badge({ status: "something new" }, NOW), "Unknown");
  assert.equal(english.label(undefined, NOW), "Unknown");
});

test("typing names one or two, and counts the rest", () => {
  const typing = (users, count = users.length) => english.typing({ users, count });
  assert.deepEqual(
    [typing([]), typing(["Ann"]), typing(["Ann", "Bob"]), typing(["Ann", "Bob", "Cay"]), typing(["Ann"], 2), typing(["Ann"], 40)],
    [
      "",
      "Ann is typing",
      "Ann and Bob are typing",
      "Ann and 2 others are typing",
      "Ann and 1 other are typing",
      "Ann and 39 others are typing",
    ],
  );
  assert.equal(english.typing({ users: ["7"], count: 1 }, () => "Ann"), "Ann is typing");
});
