// The other panels: latency of all turns, the log of events, and the state of the connection.

import { $, make, seconds } from "./dom.js";
import { bar, legend, stagesOf } from "./conversation.js";

const LOG_LINES = 400;

export class Latency {
  #turns = [];

  clear() {
    this.#turns = [];
    $("turns").replaceChildren(make("p", { className: "empty", textContent: "How long each answer took, and where the time went, appears here." }));
  }

  turn(message, heardMs) {
    if (typeof message.response_delay_ms !== "number") return;
    this.#turns.push({ delay: message.response_delay_ms, stages: stagesOf(message.spans_ms), heardMs });
    const delays = this.#turns.map(({ delay }) => delay);
    const sorted = [...delays].sort((a, b) => a - b);
    const longest = sorted[sorted.length - 1];
    $("turns").replaceChildren(
      make("div", { className: "sum" }, fact("Last", seconds(delays[delays.length - 1])),
        fact("Median", seconds(sorted[Math.floor(sorted.length / 2)])), fact("Turns", delays.length)),
      ...this.#turns.map((turn, index) => this.#row(turn, index, longest)).reverse(),
    );
  }

  #row({ delay, stages, heardMs }, index, longest) {
    const stack = bar(stages);
    stack.style.setProperty("--width", `${(100 * delay) / longest}%`);
    const title = make("h3", {}, `Turn ${index + 1}`, make("span", { textContent: seconds(delay) }));
    const heard = heardMs ? make("div", { textContent: `${seconds(heardMs)} from your last word to the first sound, as heard here` }) : null;
    return make("article", { className: "turn" }, title, stack, legend(stages), heard);
  }
}

const fact = (name, value) => make("div", {}, make("b", { textContent: value }), name);

/** Add a line to the log. */
export function log(name, facts, bad = false) {
  const said = Object.entries(facts).map(([key, value]) => `${key}=${typeof value === "object" ? JSON.stringify(value) : value}`);
  const stamp = new Date().toTimeString().slice(0, 8);
  $("log").prepend(make("li", { className: bad ? "bad" : "" }, make("time", { textContent: stamp }),
    make("div", {}, make("b", { textContent: name }), " ", make("span", { textContent: said.join(" ") }))));
  if ($("log").children.length > LOG_LINES) $("log").lastChild.remove();
}

/** Show the state of the connection; `ids` are facts that do not change. */
export async function showStats(call, ids, channelMs) {
  const report = await call.stats();
  if (!report) return;
  const all = [...report.values()];
  const incoming = all.find(({ type, kind }) => type === "inbound-rtp" && kind === "audio") ?? {};
  const outgoing = all.find(({ type, kind }) => type === "remote-inbound-rtp" && kind === "audio") ?? {};
  const pair = all.find(({ type, nominated, state }) => type === "candidate-pair" && nominated && state === "succeeded") ?? {};
  const { connectionState, iceConnectionState } = call.transport;
  const rows = [
    ["State", connectionState], ["ICE", iceConnectionState],
    ["Round trip", ms(pair.currentRoundTripTime)], ["Event channel", channelMs === null ? "–" : `${channelMs.toFixed(1)} ms`],
    ["Loss in", share(incoming.packetsLost, incoming.packetsReceived)],
    ["Loss out", outgoing.fractionLost === undefined ? "–" : `${(100 * outgoing.fractionLost).toFixed(1)} %`],
    ["Jitter in", ms(incoming.jitter)], ["Jitter out", ms(outgoing.jitter)],
    ["Waiting to play", ms(incoming.jitterBufferDelay / incoming.jitterBufferEmittedCount)],
    ["Concealed", share(incoming.concealedSamples, incoming.totalSamplesReceived)],
    ["Codec", codec(report.get(incoming.codecId))],
    ["Path", path(report.get(pair.localCandidateId), report.get(pair.remoteCandidateId))],
    ...ids.map((row) => [...row, "wide"]),
  ];
  $("stats").replaceChildren(...rows.map(([name, value, className = ""]) =>
    make("div", { className }, make("dt", { textContent: name }), make("dd", { textContent: value ?? "–" }))));
}

const ms = (s) => (Number.isFinite(s) ? `${(s * 1000).toFixed(1)} ms` : "–");
const share = (part, rest) => (rest ? `${((100 * Math.max(0, part)) / (rest + Math.max(0, part))).toFixed(1)} %` : "–");
const codec = (found) => (found ? `${found.mimeType.split("/")[1]} ${found.clockRate / 1000} kHz` : "–");
const path = (near, far) => (near && far ? `${near.candidateType} → ${far.candidateType}, ${near.protocol}` : "–");
