// Follows a stream with the EventSource of npm and prints every event as a line of JSON.
// node watch.mjs <url>; it goes on until it is ended.

import { EventSource } from "eventsource";

const NAMES = ["open", "error", "hello", "snapshot", "presence", "typing", "channel", "stale", "fresh", "bye"];

const source = new EventSource(process.argv[2]);
for (const name of NAMES) {
  source.addEventListener(name, (event) => {
    const { data, lastEventId: id, code } = event;
    console.log(JSON.stringify({ name, id, code, state: source.readyState, data: data && JSON.parse(data) }));
  });
}
