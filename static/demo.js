/** The demo page: signs in, puts the parts together, and shows how the connection is. */

import { Channel } from "./channel.js";
import { Contacts, fault } from "./contacts.js";
import { Frames } from "./frames.js";
import { Me } from "./me.js";
import { People } from "./people.js";
import { Presence } from "./presence.js";
import { addressFor, nameInAddress, showSignIn } from "./sign-in.js";

const CONNECTION = {
  connecting: "Connecting",
  live: "Live",
  stale: "Delayed",
  offline: "Offline, retrying",
  refused: "Refused",
};

/** Words such as "a few minutes ago" age without any event. */
const AGEING_MS = 30_000;
const TOAST_MS = 8_000;

function showConnection({ state, reason }) {
  const place = document.querySelector("#connection");
  place.dataset.state = state;
  place.querySelector(".words").textContent = CONNECTION[state];
  document.querySelector("#app").dataset.connection = state;
  if (state === "refused") showToast(`The service refused the stream (${reason}): this page needs open mode.`);
}

let toastEnds;

function showToast(words) {
  const toast = document.querySelector("#toast");
  toast.textContent = words;
  clearTimeout(toastEnds);
  toastEnds = setTimeout(() => toast.replaceChildren(), TOAST_MS);
}

function listenToTabs(app) {
  const tabs = [...app.querySelectorAll(".tabs button")];
  for (const tab of tabs) {
    tab.addEventListener("click", () => {
      app.dataset.pane = tab.dataset.pane;
      for (const other of tabs) other.ariaCurrent = other === tab ? "true" : null;
    });
  }
}

/** Someone to be in a second window. */
function companion(user, contacts) {
  return contacts.ids.find((id) => id !== user) ?? "bob";
}

function start(user) {
  const app = document.querySelector("#app");
  const contacts = new Contacts();
  const presence = new Presence({
    base: new URL(".", document.baseURI),
    identity: [["as", user]],
    user,
    users: People.watched(contacts, user),
    channels: Channel.watched,
    kind: navigator.userAgentData?.mobile ?? /\bMobi/.test(navigator.userAgent) ? "mobile" : "web",
  });
  const people = new People(presence, contacts);
  const me = new Me(presence);
  new Channel(presence);
  new Frames(presence);

  document.title = `${user} · SSE Presence`;
  document.querySelector("#who").textContent = user;
  const other = companion(user, contacts);
  const secondWindow = document.querySelector("#second-window");
  secondWindow.href = addressFor(other);
  secondWindow.querySelector("strong").textContent = other;
  document.querySelector("#sign-out").addEventListener("click", () => {
    presence.stop();
    location.assign(addressFor(""));
  });
  listenToTabs(app);
  presence.addEventListener("connection", ({ detail }) => showConnection(detail));
  presence.addEventListener("failed", ({ detail }) => {
    if (detail.status >= 400 && detail.status < 500 && detail.status !== 429) showToast(detail.message);
  });
  setInterval(() => {
    people.paint();
    me.paint();
  }, AGEING_MS);

  app.hidden = false;
  presence.start();
}

const name = nameInAddress();
if (name && !fault(name)) start(name);
else showSignIn(name);
