/** All that the service has told of the watched users and channels. Pure: the time is a parameter. */

import { Rolls } from "./rolls.js";
import { Roster } from "./roster.js";
import { TypingLists } from "./typing-lists.js";

export class View {
  roster = new Roster();
  typing = new TypingLists();
  rolls = new Rolls();

  /**
   * Takes an event, received at `now`. Returns what is news: `records`, `typing` (ids of channels), and
   * `channels` (entries of the event).
   */
  apply(type, data, now) {
    const news = { records: [], typing: [], channels: [] };
    if (type === "hello") this.roster.connected();
    if (type === "snapshot") news.records = this.roster.snapshot(data);
    if (type === "presence") news.records = this.roster.merge(data.users);
    if (type === "typing") {
      for (const entry of data.channels) this.typing.apply(entry, now);
      news.typing = data.channels.map(({ channel }) => channel);
    }
    if (type === "channel") {
      for (const entry of data.channels) this.rolls.apply(entry);
      news.channels = data.channels;
    }
    return news;
  }

  /** The events, as `[type, data]`, that tell another view at `now` what this one knows. */
  events(now) {
    return [
      ...this.roster.data().map((data) => ["snapshot", data]),
      ["channel", this.rolls.data()],
      ["typing", this.typing.data(now)],
    ];
  }

  /** Forgets what is not followed any more: records of `users` and all of `channels`, unless `held` still has them. */
  forget({ users = [], channels = [], members = [] }, held, self) {
    const candidates = [...users, ...members.flatMap((channel) => this.rolls.get(channel).members ?? [])];
    const followed = new Set([...held.members].flatMap((channel) => this.rolls.get(channel).members ?? []));
    for (const user of candidates) {
      if (user !== self && !held.users.has(user) && !followed.has(user)) this.roster.delete(user);
    }
    for (const channel of [...channels, ...members]) {
      if (held.channels.has(channel) || held.members.has(channel)) continue;
      this.rolls.delete(channel);
      this.typing.delete(channel);
    }
  }
}
