/**
 * What the service has told of the watched users and channels. Pure: `now` is a parameter, in milliseconds.
 *
 * A snapshot replaces everything, versions included, once all of its parts have come; other records count
 * only where they are newer. Typing lists are whole, so a lost one heals with the next, and each entry ends
 * by itself: nobody is shown typing for ever by a stream that broke.
 */

import { ids, without } from "./interest.js";

/** Puts those records into `known` that are newer than what it holds; returns them. */
function merge(known, records) {
  const newer = records.filter(({ user, version }) => version > (known.get(user)?.version ?? -1));
  for (const record of newer) known.set(record.user, record);
  return newer;
}

export class View {
  /** All of it, as other pages may take it. */
  known = {
    records: new Map(),
    /** Users who may be followed no more, once it is known of whom all followed channels consist. */
    doubtful: new Set(),
    /** Those of a snapshot that is still coming. */
    coming: undefined,
    /** channel → {count, members: Set, or undefined where there are too many to be told} */
    rolls: new Map(),
    /** channel → {entries: [{user, until}], unnamed} */
    typing: new Map(),
  };

  record(user) {
    return this.known.records.get(user);
  }

  roll(channel) {
    const { count = 0, members } = this.known.rolls.get(channel) ?? {};
    return { count, members: members && [...members] };
  }

  /** `{users, count}` of those who type at `now`, and when that `ends` by itself. */
  typing(channel, now) {
    const { entries = [], unnamed = 0 } = this.known.typing.get(channel) ?? {};
    const left = entries.filter(({ until }) => until > now);
    const ends = Math.min(...left.map(({ until }) => until));
    return { users: left.map(({ user }) => user), count: left.length && left.length + unnamed, ends };
  }

  /** Takes an event. Returns what is news: records, entries of `channel` events, and channels with other typists. */
  apply(type, data, now) {
    const news = { records: [], channels: [], typing: [] };
    // A new connection: what the last one left unfinished is void.
    if (type === "hello") this.known.coming = undefined;
    if (type === "snapshot") news.records = this.#snapshot(data);
    if (type === "presence") {
      if (this.known.coming) merge(this.known.coming, data.users);
      news.records = merge(this.known.records, data.users);
    }
    if (type === "channel") {
      news.channels = data.channels.map((entry) => this.#enroll(entry));
    }
    if (type === "typing") {
      news.typing = data.channels.map(({ channel }) => channel);
      for (const { channel, typing, count = 0 } of data.channels) {
        const entries = typing.map(({ user, expires_in }) => ({ user, until: now + expires_in }));
        this.known.typing.set(channel, { entries, unnamed: Math.max(0, count - entries.length) });
      }
    }
    return news;
  }

  /** Takes all that another page knows. */
  adopt(known) {
    this.known = known;
    const channels = [...known.rolls.keys()].map((channel) => ({ channel }));
    return { records: [...known.records.values()], channels, typing: [...known.typing.keys()] };
  }

  /** Forgets the users and channels that are followed no more; `held` are the wishes that still are. */
  forget({ users = [], channels = [], members = [] }, held) {
    const has = new Set(held);
    const { records, coming, doubtful } = this.known;
    const inside = (channel) => this.roll(channel).members;
    for (const user of [...users, ...members.flatMap((channel) => inside(channel) ?? [...records.keys()])]) {
      doubtful.add(user);
    }
    const followed = ids(held, "members").map(inside);
    if (followed.every(Boolean)) {
      for (const user of without(without([...doubtful], ids(held, "users")), followed.flat())) {
        records.delete(user);
        coming?.delete(user);
      }
      doubtful.clear();
    }
    for (const channel of [...channels, ...members]) {
      if (has.has(`channels ${channel}`) || has.has(`members ${channel}`)) continue;
      this.known.rolls.delete(channel);
      this.known.typing.delete(channel);
    }
  }

  #snapshot({ users, part, parts }) {
    const records = this.known.coming ?? new Map();
    merge(records, users);
    this.known.coming = part < parts ? records : undefined;
    if (part < parts) return [];
    this.known.records = records;
    return [...records.values()];
  }

  /** Takes all members of a channel, or who came and went, or only how many there are. Returns who did. */
  #enroll({ channel, count, members, joined = [], left = [] }) {
    const roll = this.known.rolls.get(channel);
    const last = roll?.members;
    if (members && last) {
      // They came and went while nobody could say so.
      joined = without(members, last);
      left = without([...last], members);
    } else if (members && roll) {
      // There were too many to be told: who of all that is known was one of them?
      this.known.doubtful = new Set(this.known.records.keys());
    }
    const known = members ?? last ?? (joined.length === count ? [] : undefined);
    const now = known && new Set(known);
    for (const user of joined) now?.add(user);
    for (const user of left) now?.delete(user);
    this.known.rolls.set(channel, { count, members: now?.size === count ? now : undefined });
    return { channel, joined, left };
  }
}
