/** Presence in words. Pure: the time is a parameter, in milliseconds since the epoch. */

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const STATUS = {
  online: "Online",
  idle: "Away",
  dnd: "Do not disturb",
  invisible: "Invisible",
  offline: "Offline",
};

const relative = new Intl.RelativeTimeFormat("en", { numeric: "auto" });
const list = new Intl.ListFormat("en", { type: "conjunction" });

export function statusWord(status) {
  return STATUS[status] ?? "Unknown";
}

/** A tag of a device, e.g. `in_call`, as words. */
export function activityWords(tag) {
  const words = tag.replaceAll(/[_-]+/g, " ").trim();
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/**
 * A time that was rounded down, in words no finer than it is known: "a few minutes ago", "40 minutes
 * ago", "3 hours ago", "yesterday".
 */
export function ago(then, now) {
  const past = now - then;
  if (past < 10 * MINUTE) return "a few minutes ago";
  if (past < HOUR) return relative.format(-Math.floor(past / (10 * MINUTE)) * 10, "minute");
  if (past < DAY) return relative.format(-Math.floor(past / HOUR), "hour");
  if (past < 7 * DAY) return relative.format(-Math.floor(past / DAY), "day");
  if (past < 60 * DAY) return relative.format(-Math.floor(past / (7 * DAY)), "week");
  return relative.format(-Math.floor(past / (30 * DAY)), "month");
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
  return status === "offline" ? `last seen ${ago(then, now)}` : `active ${ago(then, now)}`;
}

/** A user's line in a list: "Do not disturb · 🎧 Focusing until 14:30". */
export function line(record, now) {
  return [statusWord(record.status), note(record, now), lastSeen(record, now)].filter(Boolean).join(" · ");
}

/** One's own line: says what others see where that is something else, and leaves out when one was seen. */
export function ownLine(record, now) {
  const word = record.status === "invisible" ? "Invisible: others see you offline" : statusWord(record.status);
  return [word, note(record, now)].filter(Boolean).join(" · ");
}

/** "bob is typing…", "bob and carol are typing…", "bob, carol, and 3 others are typing…". */
export function typingWords({ users, count }) {
  if (users.length === 0) return "";
  const named = users.slice(0, count > 3 ? 2 : 3);
  const rest = count - named.length;
  const who = rest > 0 ? [...named, rest === 1 ? "1 other" : `${rest} others`] : named;
  return `${list.format(who)} ${count === 1 ? "is" : "are"} typing…`;
}
