// The page: what a person does goes to the call, what the call tells goes onto the page.

import { $, make, icon } from "./dom.js";
import { Call } from "./call.js";
import { Signalling } from "./signalling.js";
import { Conversation } from "./conversation.js";
import { Latency, log, showStats } from "./panels.js";
import { Levels } from "./levels.js";
import { Orb } from "./orb.js";
import { canShareScreen, explain, listDevices, openCamera, openMicrophone, openScreen } from "./devices.js";
import { followTheme } from "./theme.js";

const STATS_MS = 1000;
const NO_FRAMES_MS = 3000; // the agent's video has ended

const PHASES = { lobby: "Not connected", connecting: "Connecting", live: "Live", reconnecting: "Reconnecting", lost: "Connection lost", ended: "Call ended" };
const STATES = {
  starting: ["Getting ready", "One moment"],
  idle: ["Listening", "Go ahead"],
  listening: ["Listening", "Go ahead"],
  thinking: ["Thinking", ""],
  speaking: ["Speaking", "Just talk to cut in"],
  closing: ["Saying goodbye", ""],
};
const REASONS = {
  completed: "It has said all it had to say.",
  requested: "Somebody asked it to end the call.",
  hangup: "It hung up.",
  left: "It left the call.",
  call_ended: "The call was ended.",
  transferred: "You were passed on to somebody else.",
  idle_timeout: "Nobody was there for a while.",
  max_duration: "The call reached its longest allowed time.",
  user_silent: "It heard nothing for too long.",
  drained: "The server is being restarted.",
  start_timeout: "It did not get ready in time.",
  join_timeout: "It could not join in time.",
  owner_lost: "The server that ran it has gone.",
  error: "Something went wrong on the server.",
};

const conversation = new Conversation();
const latency = new Latency();
const levels = new Levels();
const orb = new Orb($("orb"));
let call = null;
let muted = false;
let ids = [];
let channelMs = null;
let heardMs = null;
let frames = { count: -1, at: 0 };

// The call

function setPhase(phase) {
  document.body.dataset.phase = phase;
  $("pill").textContent = PHASES[phase];
  const live = phase === "live";
  for (const id of ["message", "send", "mute", "camera", "share", "keys", "interrupt"]) $(id).disabled = !live;
  $("share").disabled ||= !canShareScreen();
  if (!live) $("keypad").hidden = true;
  $("keys").ariaExpanded = String(!$("keypad").hidden);
}

async function start(withMicrophone) {
  const callId = $("call-id").value.trim();
  if (!$("lobby").reportValidity()) return;
  history.replaceState(null, "", `#call=${callId}`);
  $("call-name").textContent = callId;
  $("notices").replaceChildren();
  conversation.clear();
  latency.clear();
  $("log").replaceChildren();
  levels.open();
  call = new Call(new Signalling(callId, $("api-key").value));
  call.addEventListener("phase", onPhase);
  call.addEventListener("message", ({ detail }) => onMessage(detail));
  call.addEventListener("track", ({ detail }) => onTrack(detail));
  ids = [["Call", callId]];
  setMuted(false);
  const mine = call;
  setState("starting");
  setPhase("connecting");
  $("hint").textContent = withMicrophone ? "Your browser may ask for the microphone" : "One moment";
  if (withMicrophone) await useMicrophone();
  else listenOnly();
  try {
    await mine.start($("user-name").value.trim());
  } catch (error) {
    if (mine === call) onFailedStart(error);
  }
}

function onFailedStart(error) {
  release();
  setPhase("lobby");
  if (error.status === 401) {
    showKeyField();
    notice("This server wants an API key", "Enter it and start again. It is kept in this page only, and forgotten when you close it.");
  } else if (error.name === "TypeError" || error.name === "TimeoutError") {
    notice("The server does not answer", "Is it still running? Look at its terminal, then try again.");
  } else {
    notice("The call could not be started", error.message);
  }
}

function onPhase({ target, detail: { phase, reason, detail, own, resumed } }) {
  if (target !== call) return;
  setPhase(phase);
  log(PHASES[phase].toLowerCase(), reason ? { reason, detail } : {});
  if (phase === "live") {
    closeNotice("network");
    if (resumed) notice("You are back", "The conversation goes on where it was.", { plain: true, seconds: 4 });
  } else if (phase === "reconnecting") {
    setState("starting", ["Reconnecting", "The network was interrupted"]);
  } else if (phase === "lost" || phase === "ended") {
    release();
    showFarewell(phase, reason, detail, own);
  }
}

function showFarewell(phase, reason, detail, own) {
  const lost = phase === "lost";
  $("lobby-title").textContent = lost ? "The connection was lost" : own ? "You left the call" : "The agent has left";
  const why = REASONS[reason] ?? "";
  $("lobby-text").textContent = lost ? "It could not be brought back by itself. Check your network."
    : own ? "The conversation stays here until you start again." : `${why} (${[reason, detail].filter(Boolean).join(": ")})`;
  $("start").textContent = lost ? "Reconnect" : "Call again";
  $("start").focus();
}

function release() {
  for (const track of Object.values(call.tracks)) track?.stop();
  showTile("camera", null);
  showTile("screen", null);
  $("agent-audio").srcObject = null;
  showAgentVideo(false);
  levels.you.listenTo(null);
  levels.agent.listenTo(null);
  orb.state = "idle";
  document.body.dataset.agent = "idle";
}

function onTrack(track) {
  if (track.kind === "video") {
    $("agent-video").srcObject = new MediaStream([track]);
    return;
  }
  const audio = $("agent-audio"); // WebAudio hears a remote track only while an element plays it
  audio.srcObject = new MediaStream([track]);
  audio.play().catch(() => notice("The browser holds back the sound", "It wants a click first.",
    { key: "sound", action: ["Turn sound on", () => { levels.open(); audio.play(); closeNotice("sound"); }] }));
  levels.agent.listenTo(track);
}

// What the feed tells

const FEED = {
  hello({ session_id: session, agent }) {
    ids = [...ids.slice(0, 1), ["Session", session], ["Agent", agent?.id]];
    conversation.agentName = agent?.name || "Agent";
    $("agent-name").textContent = $("agent-label").textContent = conversation.agentName;
    document.title = `Talk with ${conversation.agentName}`;
    setState("listening");
  },
  agent_state: ({ state }) => setState(state),
  user_state: () => {},
  transcript: (message) => conversation.transcript(message),
  tool: (message) => conversation.tool(message),
  turn(message) {
    conversation.turn(message, heardMs);
    latency.turn(message, heardMs);
    heardMs = null;
  },
  error: ({ message }) => notice("Something went wrong", message, { key: "error" }),
  pong: ({ n }) => { channelMs = performance.now() - n; },
};

function onMessage(message) {
  FEED[message.type]?.(message);
  if (["transcript", "pong"].includes(message.type)) return;
  const { type, event, ...facts } = message;
  log(event ?? type, facts, type === "error" || facts.ok === false);
}

function setState(state, words = STATES[state]) {
  const [title, hint] = words ?? [state, ""];
  document.body.dataset.agent = state;
  $("state").textContent = title;
  $("hint").textContent = call && !call.tracks.audio && title === "Listening" ? "Write a message" : hint;
  orb.state = ["thinking", "speaking", "listening"].includes(state) ? state : "idle";
}

// Devices

async function useMicrophone(id) {
  try {
    const track = await openMicrophone(id);
    track.addEventListener("ended", () => track === call.tracks.audio && onLostMicrophone());
    const before = call.tracks.audio;
    await call.use("audio", track);
    before?.stop();
    track.enabled = !muted;
    levels.you.listenTo(track);
    closeNotice("microphone");
    listDevices(call.tracks);
    setMuted(muted);
  } catch (error) {
    const again = window.isSecureContext && ["Try again", () => useMicrophone()];
    notice(...explain(error), { key: "microphone", action: again });
    listenOnly();
  }
}

function listenOnly() {
  call.use("audio", null);
  levels.you.listenTo(null);
  showMute("Unmute", true);
}

function onLostMicrophone() {
  notice("The microphone was lost", "It was unplugged or taken away. You can still listen and write.",
    { key: "microphone", action: ["Use another", () => useMicrophone()] });
  listenOnly();
  listDevices(call.tracks);
}

function setMuted(on) {
  muted = on;
  if (call.tracks.audio) call.tracks.audio.enabled = !on;
  showMute(on ? "Unmute" : "Mute", on);
}

function showMute(word, pressed) {
  $("mute").ariaPressed = String(pressed);
  $("mute").replaceChildren(icon(pressed ? "mic-off" : "mic"), make("span", { textContent: word }));
}

async function toggle(kind, open, button) {
  const before = call.tracks[kind];
  try {
    const track = before ? null : await open();
    track?.addEventListener("ended", () => track === call.tracks[kind] && toggle(kind, open, button));
    await call.use(kind, track);
    before?.stop();
    showTile(kind, track);
    if (track) listDevices(call.tracks);
  } catch (error) {
    if (kind === "camera") notice(explain(error, "camera")[0], explain(error, "camera")[1].split(" You can listen")[0], { key: kind });
  }
}

function showTile(kind, track) {
  $(`${kind}-tile`).hidden = !track;
  $(`${kind}-video`).srcObject = track && new MediaStream([track]);
  $(kind === "camera" ? "camera" : "share").ariaPressed = String(Boolean(track));
}

function showAgentVideo(shown) {
  $("agent-video").hidden = !shown;
  $("orb").hidden = shown;
}

/** The agent's video is shown while its frames come. */
function watchFrames(now) {
  const count = $("agent-video").getVideoPlaybackQuality().totalVideoFrames;
  if (count !== frames.count) frames = { count, at: now };
  showAgentVideo(count > 0 && now - frames.at < NO_FRAMES_MS);
}

// Notices

function notice(title, text, { key = title, action = null, plain = false, seconds = 0 } = {}) {
  closeNotice(key);
  const close = make("button", { className: "quiet icon", ariaLabel: "Close", on: { click: () => closeNotice(key) } }, icon("close"));
  const act = action ? make("button", { className: "act", textContent: action[0], on: { click: action[1] } }) : null;
  $("notices").append(make("div", { className: plain ? "notice plain" : "notice", data: { key } },
    make("b", { textContent: title }), close, make("p", {}, make("span", { textContent: text }), make("br"), act ?? "")));
  if (seconds) setTimeout(() => closeNotice(key), seconds * 1000);
}

function closeNotice(key) {
  [...$("notices").children].find((item) => item.dataset.key === key)?.remove();
}

function showKeyField() {
  $("key-field").hidden = false;
  $("show-key").hidden = true;
  $("api-key").focus();
}

// What a person does

const ACTIONS = {
  mute: () => (call.tracks.audio ? setMuted(!muted) : useMicrophone()),
  camera: () => toggle("camera", () => openCamera($("camera-picker").value)),
  share: () => toggle("screen", openScreen),
  interrupt: () => call.send({ type: "interrupt" }),
  keys() {
    $("keypad").hidden = !$("keypad").hidden;
    $("keys").ariaExpanded = String(!$("keypad").hidden);
    if (!$("keypad").hidden) $("keypad").firstChild.focus();
  },
  devices() {
    listDevices(call.tracks);
    $("device-dialog").showModal();
  },
  end: () => call.hangUp(),
  help: () => $("help-dialog").showModal(),
  message: () => $("message").focus(),
};
const KEYS = { m: "mute", v: "camera", s: "share", k: "keys", d: "devices", t: "message", Escape: "interrupt", "?": "help" };

function onKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
  if (!$("keypad").hidden && pressKey(event)) return;
  const writing = event.target.matches("input, select");
  if (event.key !== "Escape" && (writing || !$("shortcuts-on").checked)) return;
  const action = KEYS[event.key.length === 1 ? event.key.toLowerCase() : event.key];
  if (!action || (action !== "help" && ($(action).disabled || document.body.dataset.phase !== "live"))) return;
  event.preventDefault();
  ACTIONS[action]();
}

function pressKey(event) {
  if (event.key === "Escape") {
    ACTIONS.keys();
    $("keys").focus();
    return true;
  }
  if (!/^[0-9*#]$/.test(event.key) || event.target.matches("input")) return false;
  sendDigit(event.key);
  return true;
}

function sendDigit(digit) {
  if (call.send({ type: "digit", digit })) log("key", { digit });
}

function sendText(event) {
  event.preventDefault();
  const text = $("message").value.trim();
  if (!text || !call.send({ type: "text", text })) return;
  conversation.typed(text);
  $("message").value = "";
}

async function copyLink() {
  const link = `${location.origin}${location.pathname}#call=${$("call-id").value.trim()}`;
  try {
    await navigator.clipboard.writeText(link);
    notice("Link copied", "Whoever opens it joins this call.", { key: "link", plain: true, seconds: 4 });
  } catch {
    notice("Copy this link", link, { key: "link", plain: true });
  }
}

function wireTabs() {
  const tabs = [...document.querySelectorAll("[role=tab]")];
  const choose = (chosen) => tabs.forEach((tab) => {
    tab.ariaSelected = String(tab === chosen);
    tab.tabIndex = tab === chosen ? 0 : -1;
    $(tab.getAttribute("aria-controls")).hidden = tab !== chosen;
  });
  tabs.forEach((tab, index) => {
    tab.addEventListener("click", () => choose(tab));
    tab.addEventListener("keydown", ({ key }) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[key];
      if (!step) return;
      const next = tabs[(index + step + tabs.length) % tabs.length];
      choose(next);
      next.focus();
    });
  });
}

function wire() {
  for (const [id, action] of Object.entries(ACTIONS)) if (id !== "message") $(id).addEventListener("click", action);
  $("keypad").append(..."123456789*0#".split("").map((digit) =>
    make("button", { type: "button", textContent: digit, on: { click: () => sendDigit(digit) } })));
  $("lobby").addEventListener("submit", (event) => { event.preventDefault(); start(true); });
  $("start-quiet").addEventListener("click", () => start(false));
  $("show-key").addEventListener("click", showKeyField);
  $("composer").addEventListener("submit", sendText);
  $("copy-link").addEventListener("click", copyLink);
  $("call-id").addEventListener("input", () => { $("call-name").textContent = $("call-id").value; });
  $("mic-picker").addEventListener("change", ({ target }) => useMicrophone(target.value));
  $("speaker-picker").addEventListener("change", ({ target }) => $("agent-audio").setSinkId(target.value));
  $("camera-picker").addEventListener("change", async () => {
    if (!call.tracks.camera) return;
    await ACTIONS.camera();
    await ACTIONS.camera();
  });
  navigator.mediaDevices?.addEventListener("devicechange", () => call && listDevices(call.tracks));
  document.addEventListener("keydown", onKey);
  addEventListener("pagehide", () => call?.hangUp());
  wireTabs();
}

// The clock of the page

function showLevel(meter, level) {
  meter.firstChild.style.setProperty("--level", level.toFixed(3));
  meter.ariaValueNow = String(Math.round(level * 100));
}

function frame(now) {
  heardMs = levels.measure(now) ?? heardMs;
  orb.draw(now, levels);
  if (levels.you) {
    showLevel($("you-level"), levels.you.level);
    showLevel($("agent-level"), levels.agent.level);
    watchFrames(now);
  }
  requestAnimationFrame(frame);
}

function everySecond() {
  if (!call || !["live", "reconnecting"].includes(call.phase)) return;
  call.send({ type: "ping", n: Math.round(performance.now() * 10) / 10 });
  if (!$("link").hidden) showStats(call, ids, channelMs);
}

function newCallId() {
  const letters = "abcdefghjkmnpqrstuvwxyz23456789";
  return [...crypto.getRandomValues(new Uint8Array(8))].map((byte) => letters[byte % letters.length]).join("");
}

const asked = new URLSearchParams(location.hash.slice(1)).get("call");
$("call-id").value = asked ?? newCallId();
$("call-name").textContent = $("call-id").value;
followTheme($("theme"));
wire();
conversation.clear();
latency.clear();
setPhase("lobby");
if (!window.isSecureContext) notice(...explain(null), { key: "microphone" });
setInterval(everySecond, STATS_MS);
requestAnimationFrame(frame);
