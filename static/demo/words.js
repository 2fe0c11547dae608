/** What the page says of people, on top of the words of the elements. Pure: the time is a parameter. */

import { Words } from "../elements/words.js";

const DAY = 86_400_000;

const words = new Words();

/** A tag of a device, e.g. `in_call`, as words. */
export function activityWords(tag) {
  const spaced = tag.replaceAll(/[_-]+/g, " ").trim();
  return spaced.charAt(0).toUpperCase() + spaced.slice(1);
}

/** When something ends: "until 14:30", or with the day if that is not today. */
export function until(end, now) {
  const today = new Date(end).toDateString() === new Date(now).toDateString();
  const day = today ? {} : { weekday: "short" };
  const date = end - now > 6 * DAY ? { month: "short", day: "numeric" } : {};
  const format = new Intl.DateTimeFormat(undefined, { ...day, ...date, hour: "numeric", minute: "2-digit" });
  return `until ${format.format(end)}`;
}

/** What a user set to be shown: "🍜 Lunch until 14:30", or nothing. */
export function note({ text, emoji, until: end }, now) {
  const shown = [emoji, text].filter(Boolean).join(" ");
  if (!end) return shown;
  return shown ? `${shown} ${until(end, now)}` : until(end, now);
}

/** When a user was last active, or nothing where that is not shown. */
export function lastSeen({ status, version, last_seen: then }, now) {
  if (status === "offline" && version === 0) return "never seen";
  if (then === undefined) return "";
  return status === "offline" ? `last seen ${words.ago(then, now)}` : `active ${words.ago(then, now)}`;
}

/** A user's line in a list: "Do not disturb · 🎧 Focusing until 14:30". */
export function line(record, now) {
  return [words.status(record.status), note(record, now), lastSeen(record, now)].filter(Boolean).join(" · ");
}

/** One's own line: says what others see where that is something else, and leaves out when one was seen. */
export function ownLine(record, now) {
  const word = record.status === "invisible" ? "Invisible: others see you offline" : words.status(record.status);
  return [word, note(record, now)].filter(Boolean).join(" · ");
}
