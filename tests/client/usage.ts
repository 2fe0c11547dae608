// Uses all of the library as its types promise it; checked by tests/client/test_package.py, never run.

import { connect, PresenceError } from "sse-presence";
import type { Auth, Interest, Options, Presence, PresenceRecord, State } from "sse-presence";

const ways: Auth[] = [{ user: "alice" }, "cookie", () => "token", async () => null];
const options: Options = {
  url: new URL("https://presence.example.com/"),
  auth: ways[0],
  user: "alice",
  device: { kind: "desktop", activity: "in_call" },
  users: new Set(["bob"]),
  channels: ["general"],
  members: [],
  join: ["general"],
};
const presence: Presence = connect(options);
connect({ auth: "cookie", device: false });

const interest: Interest = { users: ["carol"] };
const undo: () => void = presence.watch(interest);
undo();
presence.unwatch({ channels: ["general"] });

const state: State = presence.state;
const record: PresenceRecord | undefined = presence.get("bob");
const seen: number | undefined = record?.last_seen;
const me: string | undefined = presence.user;
const many: number = presence.channel("general").count + presence.typing("general").count;
const names: string[] = [...(presence.channel("general").members ?? []), ...presence.typing("general").users];

const off = presence.on("presence", (records) => records.map(({ user, status }) => `${user} ${status}`));
presence.on("typing", ({ channel, users, count }) => [channel, ...users, count]);
presence.on("channel", ({ channel, joined, left, members }) => [channel, joined, left, members]);
presence.on("state", ({ state: now, reason }) => [now === "live", reason]);
presence.on("event", ({ type, data, id }) => [type, data, id]);
presence.on("error", (error) => error instanceof PresenceError && [error.status, error.code, error.retryMs]);
off();

const unbind = presence.typing("general").bind(document.createElement("input"));
presence.typing("general").key();
presence.typing("general").stop();
unbind();

const own: Promise<PresenceRecord> = presence.status.set({ status: "dnd", text: "Deep work", expires_in: 3_600_000 });
presence.device.set({ activity: "in_call" });
presence.device.set({});
presence.reconnect();
presence.close();

// @ts-expect-error there is no such event
presence.on("nothing", () => undefined);
// @ts-expect-error somebody has to call
connect({ auth: {} });
// @ts-expect-error likewise
connect({});
// @ts-expect-error nobody sets that others be offline
presence.status.set({ status: "offline" });
// @ts-expect-error what the service says is not to be written
presence.state = "live";

export { many, me, names, own, seen, state };
