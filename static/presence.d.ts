/**
 * Presence in a web page: who is online, idle, busy, typing or gone, over plain HTTP and one stream.
 *
 * Records and status choices keep the names of the wire (`last_seen`, `expires_in`); times are milliseconds
 * since the epoch by the clock of the service, durations are milliseconds.
 */

/** Opens the connection of this page. All pages of one user in one browser share a stream. */
export function connect(options: Options): Presence;

export interface Options {
  /** Where the service is mounted; relative to the page. Default: the folder of the page. */
  url?: string | URL;
  /** Who is calling. */
  auth: Auth;
  /**
   * The id of the one who is calling. Known by itself in open mode, and from the `sub` of a token; give it
   * with cookies, so that pages of two accounts in one browser keep apart and one's own record is watched.
   */
  user?: string;
  /** What this page is as a device; `false`: it only watches, and makes nobody present. */
  device?: DeviceOptions | false;
  /** What to watch from the beginning; see `watch`. */
  users?: Iterable<string>;
  channels?: Iterable<string>;
  members?: Iterable<string>;
  join?: Iterable<string>;
}

/**
 * - `{user}`: the open mode of development, where a name is all it takes.
 * - a function: gives a token (JWT), now or as a promise. It is called when one is needed: at first, when
 *   the last one expires, and once after a 401; it has 30 seconds. Nothing (`""`, `null`) means signed out.
 * - `"cookie"`: the cookie of the service goes with every request.
 */
export type Auth = { user: string } | (() => Token | Promise<Token>) | "cookie";
export type Token = string | null | undefined;

export interface DeviceOptions {
  /** Default: `mobile` or `web`, as the browser says. */
  kind?: "web" | "mobile" | "desktop" | "bot";
  /** A short tag for what is done on this device, e.g. `in_call`; gone with it. */
  activity?: string;
}

/** What to watch, where a text alone is one id. Watching is counted: who is watched twice must be let go twice. */
export interface Interest {
  /** Users whose records to follow. Oneself is always watched. */
  users?: Iterable<string>;
  /** Channels to follow: who types, how many are there, who comes and goes. */
  channels?: Iterable<string>;
  /** Channels whose members' records to follow, too, whoever they are. */
  members?: Iterable<string>;
  /** Channels to be in: others see oneself there. */
  join?: Iterable<string>;
}

export interface Presence {
  /** Who this is; undefined until the first token says so. */
  readonly user: string | undefined;
  readonly state: State;
  /** The record of a user; undefined while nothing is known. One's own has `override`, too. */
  get(user: string): PresenceRecord | undefined;
  /** Who types in a channel, and the way to say that oneself does. */
  typing(channel: string): Typing;
  /** Who is in a watched channel, as far as it is known. */
  channel(channel: string): Channel;
  /** Watches more; gives a function that takes exactly this back. Never reconnects. */
  watch(interest: Interest): () => void;
  /** Takes back what was watched before. */
  unwatch(interest: Interest): void;
  /** Calls `listener` on each event; gives a function that ends this. */
  on<Type extends keyof Events>(type: Type, listener: (event: Events[Type]) => void): () => void;
  readonly status: {
    /** Replaces the whole of one's choice; gives one's own record, or rejects with a `PresenceError`. */
    set(choice: StatusChoice): Promise<PresenceRecord>;
  };
  readonly device: {
    /**
     * `activity`: that of this page from now on, or undefined to end it. `idle_ms`: the last input came so long
     * ago, for applications that know of the input of a whole computer; the next one in a page counts as ever.
     */
    set(options: { activity?: string; idle_ms?: number }): void;
  };
  /** Milliseconds since the epoch by the clock of the service, for words such as "a few minutes ago". */
  now(): number;
  /** Opens the connection anew from where it was, also after the service refused it. */
  reconnect(): void;
  /** Leaves for good, at once. The last page of a browser says so to the service. */
  close(): void;
}

export interface Events {
  /** These records changed. They may be of users whom only another page of this browser watches. */
  presence: PresenceRecord[];
  /** Who types in a channel changed, also by itself as time passes. */
  typing: TypingEvent;
  /** Who is in a channel changed. */
  channel: ChannelEvent;
  state: StateEvent;
  /** Each event of the stream, as it came. */
  event: StreamEvent;
  /** The service refused a signal, or could not be reached by one. Nothing needs to be done. */
  error: PresenceError;
}

/**
 * - `connecting`: the first attempt, or the next one after a cut.
 * - `live`: what is shown is so now.
 * - `stale`: the service is there and its store is not; what is shown may be old.
 * - `polling`: the network holds streams back; what is shown is so within moments.
 * - `offline`: the service cannot be reached, or refuses (`reason`).
 */
export type State = "connecting" | "live" | "stale" | "polling" | "offline";

export interface StateEvent {
  state: State;
  /**
   * Why, in a word: what the service said (`shutdown`, `lifetime`, `overload`, `limit`, `expired`, `revoked`),
   * what happened (`cut`, `silence`, `mute`: nothing came; `unreachable`, `closed`: by the page), or, until
   * `reconnect()` or another page that comes, `unauthorized` or `refused`. Empty where all is well.
   */
  reason: string;
}

export interface PresenceRecord {
  user: string;
  /** `invisible` stands in one's own record only. */
  status: "online" | "idle" | "dnd" | "invisible" | "offline";
  version: number;
  activity?: string;
  text?: string;
  emoji?: string;
  /** When the status that was chosen ends. */
  until?: number;
  devices?: string[];
  /** Rounded down: the last activity of one who is idle or offline. */
  last_seen?: number;
  /** One's own choice, also while it is not shown. */
  override?: { status: "online" | "idle" | "dnd" | "invisible"; text?: string; emoji?: string; until?: number };
}

export interface StatusChoice {
  status: "online" | "idle" | "dnd" | "invisible";
  text?: string;
  emoji?: string;
  /** Milliseconds after which all of it ends. */
  expires_in?: number;
}

export interface Typing {
  /** Those who type in the channel now, without oneself; `count` may exceed the names known. */
  readonly users: string[];
  readonly count: number;
  /**
   * Tells of typing in a text field or an editable element: from the first key on, until a pause, until it
   * loses focus, is emptied, or its form is sent. Gives a function that ends this.
   */
  bind(element: HTMLElement): () => void;
  /** A key changed the text: for editors that are no elements. */
  key(): void;
  /** Typing is over: the message was sent, or given up. */
  stop(): void;
}

export interface TypingEvent {
  channel: string;
  users: string[];
  count: number;
}

export interface Channel {
  readonly count: number;
  /** Undefined in channels too large for their members to be told. */
  readonly members: string[] | undefined;
}

export interface ChannelEvent extends Channel {
  channel: string;
  joined: string[];
  left: string[];
}

export interface StreamEvent {
  type: string;
  data: any;
  /** Where a stream could be resumed; empty where the event moved nothing. */
  id: string;
}

/** A request that the service did not take. */
export class PresenceError extends Error {
  /** The HTTP status; 0 where the service could not be reached. */
  readonly status: number;
  /** A stable word, e.g. `unreachable`, `forbidden`. */
  readonly code: string;
  /** How long the service asked to wait. */
  readonly retryMs?: number;
  /** The ids that the caller has no right to, where that is why. */
  readonly denied: { readonly users?: readonly string[]; readonly channels?: readonly string[] };
  /** Asking again, as the same caller, would bring the same answer. */
  readonly final: boolean;
}
