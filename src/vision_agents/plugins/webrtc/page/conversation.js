// What was said and done, as the feed tells it: words, tools, and how long each answer took.

import { $, icon, make, seconds, millis } from "./dom.js";

const NEAR_PX = 160;
const FULL_BAR_MS = 1500;

// A span belongs to the part of the work that its later mark ends.
const STAGES = [
	["Hearing the end", /pause|transcript_final|turn_detected|end_of_turn/],
	["Thinking", /llm_first_token|first_sentence|tool_called/],
	["Tools", /tool_done/],
	["Voice", /tts_first_audio/],
	["Playing", /first_audio_played/],
];

/** Where the time went between the end of the user's speech and the first sound of the answer. */
function stagesOf(spans = {}) {
	const names = Object.keys(spans);
	const from = Math.max(0, names.findIndex((name) => name.startsWith("speech_end..")));
	const to = names.findIndex((name) => name.endsWith("..first_audio_played"));
	const counted = names.slice(from, to < 0 ? names.length : to + 1);
	return STAGES.map(([name, marks], index) => {
		const its = counted.filter((span) => marks.test(span.split("..")[1]));
		return { name, className: `t${index}`, ms: its.reduce((sum, span) => sum + spans[span], 0) };
	}).filter(({ ms }) => ms > 0);
}

/** A bar of where the time went, and its words. */
export function delayBar({ turn_id: turn, response_delay_ms: delay, spans_ms: spans }) {
	const stages = stagesOf(spans);
	const bar = make("div", { className: "bar" }, ...stages.map(({ className }) => make("i", { className })));
	bar.style.setProperty("--width", `${Math.min(100, delay / FULL_BAR_MS * 100)}%`);
	stages.forEach(({ ms }, index) => bar.children[index].style.setProperty("--share", ms));
	const key = stages.map(({ name, ms, className }) => make("span", { className, textContent: `${name} ${millis(ms)}` }));
	const element = make("div", { className: "delay" }, bar, make("b", `${seconds(delay)} to answer`), make("span"), make("div", { className: "key" }, ...key));
	element.dataset.turn = turn;
	return element;
}

/** Say how long the answer of a turn took until it was heard here. */
export function heardAfter(turn, ms) {
	for (const element of document.querySelectorAll(".delay")) {
		if (element.dataset.turn === turn) element.children[2].textContent = `, ${seconds(ms)} as heard here`;
	}
}

export class Conversation {
	agentName = "Agent";
	#list = $("transcript");
	#items = new Map();
	#delays = new Map(); // they come before the words

	clear() {
		this.#items.clear();
		this.#list.replaceChildren(make("li", { className: "empty", textContent: "What you and the agent say appears here, word by word." }));
	}

	transcript({ role, id, text, final, interrupted, unheard, name }) {
		const key = `${role} ${id}`;
		const item = this.#items.get(key) ?? (text && this.#addWords(role, name));
		if (!item) return;
		this.#items.set(key, item);
		if (role === "agent") item.append(this.#delays.get(id) ?? "");
		const words = item.querySelector("p");
		words.textContent = text;
		if (unheard) words.append(" ", make("s", unheard));
		if (interrupted) words.append(make("span", { className: "cut", textContent: "interrupted" }));
		item.classList.toggle("partial", !final);
		if (final) $("said").textContent = `${role === "user" ? "You" : this.agentName}: ${text}`;
	}

	tool({ phase, id, name, arguments: given, ok = true, duration_ms: took }) {
		const key = `tool ${id}`;
		if (!this.#items.has(key)) {
			const code = make("code", {}, make("b", name), `(${spelled(given)})`);
			this.#items.set(key, this.#add(make("li", { className: "tool busy" }, icon("tool"), code, make("span", "running"))));
		}
		if (phase !== "end") return;
		const item = this.#items.get(key);
		item.className = ok ? "tool" : "tool failed";
		item.lastChild.textContent = `${ok ? "done" : "failed"}${took === undefined ? "" : ` in ${millis(took)}`}`;
	}

	/** Show how long an answer took below its words. */
	turn(message) {
		this.#delays.set(message.turn_id, delayBar(message));
		this.#items.get(`agent ${message.turn_id}`)?.append(this.#delays.get(message.turn_id));
	}

	#addWords(role, name = role === "user" ? "You" : this.agentName) {
		const who = make("small", name);
		return this.#add(make("li", { className: `said ${role}` }, who, make("p")));
	}

	#add(item) {
		this.#list.querySelector(".empty")?.remove();
		this.#list.append(item);
		return item;
	}

	/** Do something to the list and keep its end in view, unless somebody reads further up. */
	follow(change) {
		const { scrollHeight, scrollTop, clientHeight } = this.#list;
		change();
		if (scrollHeight - scrollTop - clientHeight < NEAR_PX) this.#list.scrollTop = this.#list.scrollHeight;
	}
}

const spelled = (given) => Object.entries(given ?? {}).map(([name, value]) => `${name}: ${JSON.stringify(value)}`).join(", ");
