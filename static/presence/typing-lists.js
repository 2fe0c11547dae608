/**
 * Who is typing where, as the service tells it. Pure: the time is a parameter.
 *
 * Each frame holds the whole list of a channel, so a lost one heals with the next; and each entry ends by
 * itself, so nobody is shown typing for ever by a stream that broke.
 */

export class TypingLists {
  /** channel → {entries: [{user, until}], unnamed} */
  #channels = new Map();

  /** Takes one entry of a `typing` event, received at `now` (ms of any steady clock). */
  apply({ channel, typing, count = 0 }, now) {
    const entries = typing.map(({ user, expires_in }) => ({ user, until: now + expires_in }));
    this.#channels.set(channel, { entries, unnamed: Math.max(0, count - entries.length) });
  }

  delete(channel) {
    this.#channels.delete(channel);
  }

  /** `{users, count}` of those who type in a channel at `now`; `count` may exceed the names known. */
  get(channel, now) {
    const { entries = [], unnamed = 0 } = this.#channels.get(channel) ?? {};
    const users = entries.filter(({ until }) => until > now).map(({ user }) => user);
    return { users, count: users.length > 0 ? users.length + unnamed : 0 };
  }

  /** Takes out what has ended; returns the channels in which something had. */
  expire(now) {
    const changed = [];
    for (const [channel, { entries, unnamed }] of this.#channels) {
      const left = entries.filter(({ until }) => until > now);
      if (left.length === entries.length) continue;
      this.#channels.set(channel, { entries: left, unnamed });
      changed.push(channel);
    }
    return changed;
  }

  /** Milliseconds until the next entry ends by itself; undefined where nobody types. */
  untilNextEnd(now) {
    const ends = [...this.#channels.values()].flatMap(({ entries }) => entries.map(({ until }) => until - now));
    return ends.length > 0 ? Math.min(...ends) : undefined;
  }

  /** All of them, as the data of a `typing` event at `now`. */
  data(now) {
    return {
      channels: [...this.#channels].map(([channel, { entries, unnamed }]) => ({
        channel,
        typing: entries.map(({ user, until }) => ({ user, expires_in: until - now })),
        count: entries.length + unnamed,
      })),
    };
  }
}
