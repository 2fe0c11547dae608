/**
 * Presence in words, no finer than what is known: times were rounded down before they came. Pure: the time is a
 * parameter, in milliseconds since the epoch.
 */

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** What an application may say in its own way, or in another language. */
export const ENGLISH = {
  online: "Online",
  idle: "Away",
  dnd: "Do not disturb",
  invisible: "Invisible",
  offline: "Offline",
  unknown: "Unknown",
  old: "not up to date",
  web: "browser",
  mobile: "phone",
  desktop: "desktop app",
  bot: "bot",
  now: "just now",
  minutes: "a few minutes ago",
  hour: "an hour ago",
  on: (kinds) => `on ${kinds}`,
  others: (count) => (count === 1 ? "1 other" : `${count} others`),
  typing: (who, count) => `${who} ${count === 1 ? "is" : "are"} typing`,
};

export class Words {
  #words;
  #relative;
  #list;

  /** `locale`: of times and lists; `words`: those of `ENGLISH` that differ. */
  constructor(locale = "en", words = {}) {
    this.#relative = new Intl.RelativeTimeFormat(locale, { numeric: "auto" });
    this.#list = new Intl.ListFormat(locale, { type: "conjunction" });
    const times = {
      now: this.#relative.format(0, "second"),
      minutes: this.#relative.format(-5, "minute"),
      hour: this.#relative.format(-1, "hour"),
    };
    this.#words = { ...ENGLISH, ...(/^en\b/.test(locale) ? {} : times), ...words };
  }

  status(status) {
    return this.#words[status] ?? this.#words.unknown;
  }

  /** A kind of device, e.g. "phone"; one that has no word stands for itself. */
  kind(kind) {
    return this.#words[kind] ?? kind;
  }

  /** "just now", "a few minutes ago", "40 minutes ago", "an hour ago", "yesterday". */
  ago(then, now) {
    const past = now - then;
    const format = (length, unit) => this.#relative.format(-Math.floor(past / length), unit);
    if (past < 5 * MINUTE) return this.#words.now;
    if (past < 20 * MINUTE) return this.#words.minutes;
    if (past < HOUR) return this.#relative.format(-Math.floor(past / (10 * MINUTE)) * 10, "minute");
    if (past < 2 * HOUR) return this.#words.hour;
    if (past < DAY) return format(HOUR, "hour");
    if (past < 7 * DAY) return format(DAY, "day");
    if (past < 60 * DAY) return format(7 * DAY, "week");
    return format(30 * DAY, "month");
  }

  /** What a badge shows of a record: "Away · an hour ago". */
  badge(record, now) {
    return this.#facts(record, now).join(" · ");
  }

  /** The same for those who hear it, with the devices: "Away, an hour ago, on phone and browser". */
  label(record, now, old) {
    const kinds = (record?.devices ?? []).map((kind) => this.kind(kind));
    const facts = this.#facts(record, now);
    if (kinds.length > 0) facts.push(this.#words.on(this.#list.format(kinds)));
    if (old) facts.push(this.#words.old);
    return facts.join(", ");
  }

  /** "Ann is typing", "Ann and Bob are typing", "Ann and 2 others are typing"; nothing if nobody is. */
  typing({ users, count }, name = (user) => user) {
    if (users.length === 0) return "";
    const named = users.slice(0, count === 2 ? 2 : 1).map(name);
    const rest = count - named.length;
    const who = rest > 0 ? [...named, this.#words.others(rest)] : named;
    return this.#words.typing(this.#list.format(who), count);
  }

  #facts(record, now) {
    const status = this.status(record?.status);
    return record?.last_seen === undefined ? [status] : [status, this.ago(record.last_seen, now)];
  }
}
