// The other panels: the latency of all turns, the log of events, the state of the connection.

import { $, make, seconds } from "./dom.js";
import { delayBar } from "./conversation.js";

const LOG_LINES = 400;

const delays = [];

/** Start the panel of latency anew. */
export function clearLatency() {
	delays.length = 0;
	$("turns").replaceChildren(make("p", "How long each answer took, and where the time went, appears here."));
}

export function showLatency(message) {
	delays.push(message.response_delay_ms);
	const sorted = delays.toSorted((a, b) => a - b);
	const facts = { Last: seconds(message.response_delay_ms), Median: seconds(sorted[sorted.length >> 1]), Turns: sorted.length };
	$("turns").firstChild.replaceWith(make("dl", { className: "facts" }, ...Object.entries(facts).map(fact)));
	$("turns").firstChild.after(delayBar(message));
}

const fact = ([name, value]) => make("div", {}, make("dt", name), make("dd", value ?? "–"));

export function log(name, facts = {}, bad = false) {
	const said = Object.entries(facts).map(([key, value]) => `${key}=${typeof value === "object" ? JSON.stringify(value) : value}`);
	$("log").prepend(make("li", { className: bad ? "bad" : "" }, make("time", new Date().toTimeString().slice(0, 8)),
		make("div", {}, make("b", name), " ", make("span", said.join(" ")))));
	if ($("log").children.length > LOG_LINES) $("log").lastChild.remove();
}

/** Show what the browser measures; `ids` are facts that do not change. */
export async function showStats(peer, ids, channelMs) {
	const report = await peer.getStats();
	const all = [...report.values()];
	const audio = (type) => all.find((stats) => stats.type === type && stats.kind === "audio") ?? {};
	const [incoming, outgoing] = [audio("inbound-rtp"), audio("remote-inbound-rtp")];
	const pair = all.find(({ nominated, state }) => nominated && state === "succeeded") ?? {};
	const [near, far] = [report.get(pair.localCandidateId), report.get(pair.remoteCandidateId)];
	const codec = report.get(incoming.codecId);
	const facts = {
		State: peer.connectionState, ICE: peer.iceConnectionState,
		"Round trip": ms(pair.currentRoundTripTime), "Event channel": ms(channelMs / 1000),
		"Loss in": share(incoming.packetsLost / (incoming.packetsLost + incoming.packetsReceived)), "Loss out": share(outgoing.fractionLost),
		"Jitter in": ms(incoming.jitter), "Jitter out": ms(outgoing.jitter),
		"Waiting to play": ms(incoming.jitterBufferDelay / incoming.jitterBufferEmittedCount),
		Concealed: share(incoming.concealedSamples / incoming.totalSamplesReceived),
		Codec: codec && `${codec.mimeType.split("/")[1]} ${codec.clockRate / 1000} kHz`,
		Path: near && far && `${near.candidateType} → ${far.candidateType}, ${near.protocol}`,
		...ids,
	};
	$("stats").replaceChildren(...Object.entries(facts).map(fact));
}

const ms = (s) => (Number.isFinite(s) ? `${(s * 1000).toFixed(1)} ms` : "–");
const share = (part) => (Number.isFinite(part) ? `${(100 * Math.max(0, part)).toFixed(1)} %` : "–");

export function wireTabs() {
	const tabs = [...document.querySelectorAll("[role=tab]")];
	const choose = (chosen) => tabs.forEach((tab) => {
		tab.ariaSelected = String(tab === chosen);
		tab.tabIndex = tab === chosen ? 0 : -1;
		$(tab.getAttribute("aria-controls")).hidden = tab !== chosen;
	});
	tabs.forEach((tab, index) => {
		tab.onclick = () => choose(tab);
		tab.onkeydown = ({ key }) => {
			const step = { ArrowRight: 1, ArrowLeft: -1 }[key];
			if (!step) return;
			const next = tabs.at((index + step) % tabs.length);
			choose(next);
			next.focus();
		};
	});
}
