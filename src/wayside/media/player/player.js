// Plays the stream that the page's address names: /watch/CHANNEL/IDENT#TOKEN.
"use strict";

const AGAIN_MS = 3000; // between two tries, while the camera starts or comes back
const BEHIND_S = 4; // whoever lags further behind jumps to now: a key frame comes every one to four seconds

const [, , channel, ident] = location.pathname.split("/");
const address = `/live/${channel}/${ident}.flv`;
const video = document.getElementById("video");
const state = document.getElementById("state");
const ask = document.getElementById("ask");

let token = location.hash.slice(1);
let player = null;
let again = 0;

document.getElementById("title").textContent = `${decodeURIComponent(ident)}, channel ${channel}`;

function say(text, kind = "") {
  state.textContent = text;
  state.dataset.kind = kind;
}

function stop() {
  clearTimeout(again);
  if (player !== null) {
    player.destroy();
    player = null;
  }
}

function retry(text) {
  stop();
  say(text, "bad");
  again = setTimeout(play, AGAIN_MS);
}

function askForToken(text) {
  stop();
  say(text, "bad");
  ask.hidden = false;
  document.getElementById("token").focus();
}

// What the server answered, in its own words; the player's library would only say "HTTP status code invalid".
async function refused() {
  const cut = new AbortController();
  try {
    const answer = await fetch(address, { headers: { Authorization: `Bearer ${token}` }, signal: cut.signal });
    if (answer.ok) return { status: 200, detail: "" };
    return { status: answer.status, detail: (await answer.json()).detail ?? "" };
  } catch {
    return { status: 0, detail: "the server does not answer" };
  } finally {
    cut.abort();
  }
}

async function onError() {
  stop();
  const { status, detail } = await refused();
  if (status === 401 || status === 403) askForToken(detail);
  else retry(detail || "interrupted, trying again");
}

function play() {
  stop();
  ask.hidden = true;
  if (!mpegts.isSupported()) return say("This browser cannot play live video", "bad");
  say("Waiting for the camera…");
  player = mpegts.createPlayer(
    { type: "flv", isLive: true, url: new URL(address, location.href).href },
    {
      headers: { Authorization: `Bearer ${token}` },
      enableStashBuffer: false,
      liveSync: true,
      liveSyncMaxLatency: BEHIND_S,
      autoCleanupSourceBuffer: true,
    },
  );
  player.on(mpegts.Events.ERROR, onError);
  player.on(mpegts.Events.LOADING_COMPLETE, () => retry("The stream has ended; waiting for the next"));
  player.attachMediaElement(video);
  player.load();
  // Browsers may forbid to start by itself; then the controls are there.
  Promise.resolve(player.play()).catch(() => {});
}

video.addEventListener("playing", () => say("Live", "live"));
video.addEventListener("waiting", () => say("Waiting for the camera…"));
ask.addEventListener("submit", (event) => {
  event.preventDefault();
  token = document.getElementById("token").value.trim();
  play();
});

if (token) play();
else askForToken("A token is needed to watch");
