// What a person does goes to the call; what the call tells goes onto the page.

import { $, make, icon } from "./dom.js";
import { Call } from "./call.js";
import { Signalling } from "./signalling.js";
import { Conversation, heardAfter } from "./conversation.js";
import { clearLatency, log, showLatency, showStats, wireTabs } from "./panels.js";
import { Levels } from "./levels.js";
import { Orb } from "./orb.js";
import { canShare, explain, listDevices, openCamera, openMicrophone, openScreen } from "./devices.js";
import { followTheme } from "./theme.js";

const NO_FRAMES_MS = 3000; // after which the agent's video is over

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
	transferred: "You were passed on to somebody else.",
	idle_timeout: "Nobody was there for a while.",
	user_silent: "It heard nothing for too long.",
	drained: "The server is being restarted.",
	owner_lost: "The server that ran it is gone.",
	error: "Something went wrong on the server.",
};

const conversation = new Conversation();
const levels = new Levels();
const orb = new Orb($("orb"));
let call = null;
let muted = false;
let ids = {};
let channelMs = NaN;
let unheard = null; // the turn whose first sound is still on its way
let frames = { count: 0, at: 0 };

// The call

function setPhase(phase) {
	document.body.dataset.phase = phase;
	document.body.toggleAttribute("data-apart", ["lobby", "lost", "ended"].includes(phase));
	$("pill").textContent = PHASES[phase];
	for (const id of ["message", "send", "mute", "camera", "share", "keys", "interrupt"]) $(id).disabled = phase !== "live";
	$("share").disabled ||= !canShare;
	if (phase !== "live") showKeypad(false);
}

async function start(withMicrophone) {
	if (!$("lobby").reportValidity()) return;
	const callId = $("call-id").value;
	history.replaceState(null, "", `#call=${callId}`);
	$("notices").replaceChildren();
	if (document.body.dataset.phase !== "lost") clearAll();
	levels.open();
	ids = { Call: callId };
	const mine = new Call(new Signalling(callId, $("api-key").value));
	call = mine;
	for (const [name, listener] of Object.entries({ phase: onPhase, message: onMessage, track: onTrack })) {
		mine.addEventListener(name, ({ detail }) => mine === call && listener(detail));
	}
	setState("starting");
	setPhase("connecting");
	muted = false;
	if (withMicrophone) {
		$("hint").textContent = "Your browser may ask for the microphone";
		await useMicrophone();
	} else listenOnly();
	try {
		if (mine.phase === "idle") await mine.start($("user-name").value);
	} catch (error) {
		if (mine === call && mine.phase === "connecting") onFailedStart(error);
	}
}

function clearAll() {
	conversation.clear();
	clearLatency();
	$("log").replaceChildren();
}

function onFailedStart({ name, status, message }) {
	release();
	setPhase("lobby");
	if (status === 401) {
		showKeyField();
		notice("This server wants an API key", "Enter it and start again. It is kept in this page only.");
	} else if (name === "TypeError" || name === "TimeoutError") {
		notice("The server does not answer", "Is it still running? Look at its terminal, then try again.");
	} else notice("The call could not be started", message);
}

function onPhase({ phase, reason, detail, own, resumed }) {
	setPhase(phase);
	log(PHASES[phase].toLowerCase(), reason ? { reason, detail } : {});
	if (resumed) notice("You are back", "The conversation goes on where it was.", { calm: true });
	if (phase === "reconnecting") showState("starting", "Reconnecting", "The network was interrupted");
	if (phase === "live") {
		if (document.body.dataset.agent === "starting") setState("listening");
		if (document.activeElement === document.body) $("mute").focus(); // the button of the start is gone
	}
	if (phase !== "lost" && phase !== "ended") return;
	release();
	const why = [reason, detail].filter(Boolean).join(": ");
	const words = own ? ["You left the call", "The conversation stays here until the next call.", "Call again"]
		: phase === "lost" ? ["The connection was lost", "It did not come back by itself. Check your network.", "Reconnect"]
		: [`${conversation.agentName} has left`, `${REASONS[reason] ?? ""} (${why})`, "Call again"];
	[$("lobby-title").textContent, $("lobby-text").textContent, $("start").textContent] = words;
	$("start").focus();
}

function release() {
	for (const track of Object.values(call.tracks)) track?.stop();
	for (const kind of ["camera", "screen"]) showTile(kind, null);
	$("agent-audio").srcObject = $("agent-video").srcObject = null;
	levels.you.listenTo(null);
	levels.agent.listenTo(null);
	showState("idle");
}

function onTrack(track) {
	if (track.kind === "video") {
		$("agent-video").srcObject = new MediaStream([track]);
		return;
	}
	const audio = $("agent-audio"); // WebAudio hears a remote track only where an element plays it
	const play = () => audio.play().then(() => closeNotice("sound"));
	audio.srcObject = new MediaStream([track]);
	play().catch(({ name }) => name === "NotAllowedError" && notice("The browser holds back the sound", "It wants a click first.",
		{ key: "sound", action: ["Turn sound on", () => { levels.open(); play(); }] }));
	levels.agent.listenTo(track);
}

// What the feed tells

const FEED = {
	hello({ session_id: session, agent }) {
		Object.assign(ids, { Session: session, Agent: agent?.id });
		conversation.agentName = agent?.name || "Agent";
		for (const id of ["agent-name", "agent-label"]) $(id).textContent = conversation.agentName;
		document.title = `Talk with ${conversation.agentName}`;
	},
	agent_state: ({ state }) => setState(state),
	transcript: (message) => conversation.follow(() => conversation.transcript(message)),
	tool: (message) => conversation.follow(() => conversation.tool(message)),
	turn(message) {
		if (!Number.isFinite(message.response_delay_ms)) return;
		conversation.follow(() => conversation.turn(message));
		showLatency(message);
		unheard = message.turn_id;
	},
	error: ({ message }) => notice("Something went wrong", message),
	pong: ({ n }) => { channelMs = performance.now() - n; },
};

function onMessage({ type, ...facts }) {
	FEED[type]?.(facts);
	if (/transcript|turn|pong/.test(type)) return; // they have a place of their own
	const { event, ...rest } = facts;
	log(event ?? type, rest, type === "error" || facts.ok === false);
}

function setState(state) {
	const [title, hint] = STATES[state] ?? [state, ""];
	const deaf = title === "Listening" && !call.tracks.audio;
	showState(state, title, deaf ? "Write to the agent" : hint);
}

function showState(state, title = "", hint = "") {
	document.body.dataset.agent = state;
	[$("state").textContent, $("hint").textContent] = [title, hint];
	orb.state = /thinking|speaking|listening/.exec(state)?.[0] ?? "idle";
}

// Devices

async function useMicrophone(id) {
	const mine = call;
	try {
		const track = await openMicrophone(id);
		if (mine.phase === "ended") return track.stop();
		track.onended = () => track === mine.tracks.audio && onLostMicrophone();
		mine.tracks.audio?.stop();
		await mine.use("audio", track);
		levels.you.listenTo(track);
		closeNotice("microphone");
		setMuted(muted);
		listDevices(mine.tracks);
	} catch (error) {
		listenOnly();
		const action = navigator.mediaDevices && ["Try again", () => useMicrophone()];
		notice(...explain(error), { key: "microphone", action });
	}
}

function onLostMicrophone() {
	listenOnly();
	notice("The microphone was lost", "It was unplugged or taken away. You can still listen and write.",
		{ key: "microphone", action: ["Use another", () => useMicrophone()] });
	listDevices(call.tracks);
}

function listenOnly() {
	call.use("audio", null);
	levels.you.listenTo(null);
	showMute(true);
}

function setMuted(on) {
	muted = on;
	call.tracks.audio.enabled = !on;
	showMute(on);
}

function showMute(on) {
	$("mute").ariaPressed = String(on);
	$("mute").replaceChildren(icon(on ? "mic-off" : "mic"), make("span", on ? "Unmute" : "Mute"));
}

async function toggle(kind, open) {
	const before = call.tracks[kind];
	try {
		const track = before ? null : await open();
		if (track) track.onended = () => track === call.tracks[kind] && toggle(kind);
		await call.use(kind, track);
		before?.stop();
		showTile(kind, track);
		listDevices(call.tracks);
	} catch (error) {
		if (kind === "camera") notice(...explain(error, kind));
	}
}

function showTile(kind, track) {
	$(`${kind}-tile`).hidden = !track;
	$(`${kind}-video`).srcObject = track && new MediaStream([track]);
	$(kind === "camera" ? "camera" : "share").ariaPressed = String(Boolean(track));
}

/** The agent's video takes the orb's place while its frames come. */
function watchFrames(now) {
	const count = $("agent-video").getVideoPlaybackQuality().totalVideoFrames;
	if (count !== frames.count) frames = { count, at: now };
	const shown = count > 0 && now - frames.at < NO_FRAMES_MS;
	$("agent-video").hidden = !shown;
	$("orb").hidden = shown;
}

// Notices

function notice(title, text, { key = title, action, calm = false } = {}) {
	closeNotice(key);
	const close = make("button", { className: "quiet icon", ariaLabel: "Close", onclick: () => closeNotice(key) }, icon("close"));
	const item = make("div", { className: calm ? "notice plain" : "notice" }, make("b", title), close, make("p", text),
		action && make("button", { className: "act", textContent: action[0], onclick: action[1] }));
	item.dataset.key = key;
	$("notices").append(item);
	if (calm) setTimeout(() => item.remove(), 4000);
}

function closeNotice(key) {
	[...$("notices").children].find((item) => item.dataset.key === key)?.remove();
}

function showKeyField() {
	$("key-field").hidden = false;
	$("show-key").hidden = true;
	$("api-key").focus();
}

// What a person does: name, icon, label, key, action

const CONTROLS = [
	["mute", "mic", "Mute", "M", () => (call.tracks.audio ? setMuted(!muted) : useMicrophone())],
	["camera", "camera", "Camera", "V", () => toggle("camera", () => openCamera($("camera-picker").value))],
	["share", "screen", "Share", "S", () => toggle("screen", openScreen)],
	["keys", "keypad", "Keypad", "K", () => showKeypad($("keypad").hidden)],
	["interrupt", "stop", "Interrupt", "Escape", () => call.send({ type: "interrupt" })],
	["devices", "tune", "Devices", "D", () => { listDevices(call.tracks); $("device-dialog").showModal(); }],
	["end", "end", "End", "", () => call.end()],
];
const SHORTCUTS = new Map([...CONTROLS.map(([id, , , key]) => [key.toLowerCase(), () => $(id).click()]), ["t", () => $("message").focus()]]);

function showKeypad(shown) {
	$("keypad").hidden = !shown;
	$("keys").ariaExpanded = String(shown);
	if (shown) $("keypad").firstChild.focus();
}

function onKey(event) {
	const { key, target } = event;
	const writing = target.matches("input, select");
	if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
	if (!$("keypad").hidden && !writing) {
		if (key === "Escape") return CONTROLS[3][4](), $("keys").focus();
		if (/^[0-9*#]$/.test(key)) return sendDigit(key);
	}
	if (key !== "Escape" && (writing || !$("shortcuts-on").checked)) return;
	if (key === "?") return $("help").click();
	const action = key && document.body.dataset.phase === "live" && SHORTCUTS.get(key.toLowerCase());
	if (!action) return;
	event.preventDefault();
	action();
}

function sendDigit(digit) {
	if (call.send({ type: "digit", digit })) log("key", { digit });
}

function sendText() {
	const text = $("message").value.trim();
	if (text && call.send({ type: "text", text })) $("message").value = ""; // the feed tells the words
}

async function copyLink() {
	const link = `${location.href.split("#")[0]}#call=${$("call-id").value}`;
	try {
		await navigator.clipboard.writeText(link);
		notice("Link copied", "Whoever opens it joins this call.", { key: "link", calm: true });
	} catch {
		notice("Copy this link", link, { key: "link" });
	}
}

function wire() {
	for (const [id, picture, label, key, action] of CONTROLS) {
		const title = key ? `${label} (${key})` : label;
		$("dock").append(make("button", { id, title, onclick: action }, icon(picture), make("span", label)));
	}
	const shortcuts = [...CONTROLS.map(([, , label, key]) => [key, label]), ["T", "Write a message"], ["?", "This list"]];
	$("shortcuts").append(...shortcuts.filter(([key]) => key).flatMap(([key, label]) =>
		[make("dt", {}, make("kbd", key)), make("dd", label)]));
	$("keypad").append(...[..."123456789*0#"].map((digit) => make("button", { textContent: digit, onclick: () => sendDigit(digit) })));
	$("lobby").onsubmit = (event) => { event.preventDefault(); start(true); };
	$("composer").onsubmit = (event) => { event.preventDefault(); sendText(); };
	$("start-quiet").onclick = () => start(false);
	$("show-key").onclick = showKeyField;
	$("copy-link").onclick = copyLink;
	$("help").onclick = () => $("help-dialog").showModal();
	$("call-id").oninput = () => { $("call-name").textContent = $("call-id").value; };
	$("mic-picker").onchange = ({ target }) => useMicrophone(target.value);
	$("speaker-picker").onchange = ({ target }) => $("agent-audio").setSinkId(target.value);
	$("camera-picker").onchange = () => call.tracks.camera && toggle("camera").then(() => $("camera").click());
	navigator.mediaDevices?.addEventListener("devicechange", () => call && listDevices(call.tracks));
	document.addEventListener("keydown", onKey);
	addEventListener("pagehide", () => call?.end());
	wireTabs();
}

// The clock of the page

function showLevel(meter, level) {
	meter.firstChild.style.setProperty("--level", level.toFixed(3));
	meter.ariaValueNow = Math.round(level * 100);
}

function frame(now) {
	if (levels.you) {
		const delay = levels.measure(now);
		if (delay) heardAfter(unheard, delay);
		if (delay) unheard = null;
		showLevel($("you-level"), levels.you.level);
		showLevel($("agent-level"), levels.agent.level);
		watchFrames(now);
	}
	orb.draw(now, levels);
	requestAnimationFrame(frame);
}

function everySecond() {
	if (call?.phase !== "live") return;
	call.send({ type: "ping", n: Math.round(performance.now()) });
	if (!$("link").hidden) showStats(call.peer, ids, channelMs);
}

const newCallId = () => `call-${crypto.getRandomValues(new Uint32Array(1))[0].toString(36)}`;

$("call-id").value = new URLSearchParams(location.hash.slice(1)).get("call") ?? newCallId();
followTheme($("theme"));
wire();
$("call-id").oninput();
clearAll();
setPhase("lobby");
if (!navigator.mediaDevices) notice(...explain(), { key: "microphone" });
setInterval(everySecond, 1000);
requestAnimationFrame(frame);
