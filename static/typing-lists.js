/**
 * Who is typing where, as the service tells it. Pure: the time is a parameter.
 *
 * Each frame holds the whole list of a channel, so a lost one heals with the next; and each entry ends by
 * itself, so nobody is shown typing for ever by a stream that broke.
 */

export class TypingLists {
  /** channel → {entries: [{user, until}], count} */
  #channels = new Map();

  /** Takes the data of a `typing` event, received at `now` (ms of any steady clock). */
  replace(channels, now) {
    for (const { channel, typing, count } of channels) {
      const entries = typing.map(({ user, expires_in }) => ({ user, until: now + expires_in }));
      this.#channels.set(channel, { entries, unnamed: Math.max(0, (count ?? 0) - entries.length) });
    }
  }

  /** Forgets everything: after a new connection the lists follow in full. */
  clear() {
    this.#channels.clear();
  }

  /** `{users, count}` of those who type in a channel at `now`; `count` may exceed the names known. */
  in(channel, now) {
    const { entries = [], unnamed = 0 } = this.#channels.get(channel) ?? {};
    const users = entries.filter(({ until }) => until > now).map(({ user }) => user);
    return { users, count: users.length > 0 ? users.length + unnamed : 0 };
  }

  /** Milliseconds until the next entry ends by itself; undefined where nobody types. */
  untilNextEnd(now) {
    const ends = [...this.#channels.values()]
      .flatMap(({ entries }) => entries.map(({ until }) => until - now))
      .filter((left) => left > 0);
    return ends.length > 0 ? Math.min(...ends) : undefined;
  }
}
