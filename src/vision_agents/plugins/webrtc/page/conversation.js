// What was said and done, as the feed tells it: words, tools, and how long each answer took.

import { $, icon, make, seconds, millis } from "./dom.js";

const ECHO_MS = 8000; // typed words come back from the server as a transcript

// Where the time went; a span belongs to the part that its later mark ends.
const STAGES = [
  ["Hearing the end", "pause transcript_final turn_detected end_of_turn"],
  ["Thinking", "llm_first_token first_sentence"],
  ["Tools", "tool_called tool_done"],
  ["Voice", "tts_first_audio"],
  ["Playing", "first_audio_played"],
].map(([name, marks]) => [name, marks.split(" ")]);

/** Sum the spans between the end of the user's speech and the first sound of the answer. */
export function stagesOf(spans = {}) {
  const pairs = Object.entries(spans).map(([name, ms]) => [...name.split(".."), ms]);
  const from = pairs.findIndex(([earlier]) => earlier === "speech_end");
  const to = pairs.findIndex(([, later]) => later === "first_audio_played");
  const counted = pairs.slice(Math.max(from, 0), to < 0 ? undefined : to + 1);
  return STAGES.map(([name, marks], index) => {
    const ms = counted.reduce((sum, [, later, took]) => sum + (marks.includes(later) ? took : 0), 0);
    return { name, ms, index };
  }).filter(({ ms }) => ms > 0);
}

export function bar(stages) {
  return make("div", { className: "bar" }, ...stages.map(({ ms, index }) => {
    const part = make("i", { className: `t${index}` });
    part.style.setProperty("--share", ms);
    return part;
  }));
}

export function legend(stages) {
  return make("div", { className: "key" },
    ...stages.map(({ name, ms, index }) => make("span", { className: `t${index}`, textContent: `${name} ${millis(ms)}` })));
}

export class Conversation {
  agentName = "Agent";
  #list = $("transcript");
  #items = new Map();
  #typed = [];
  #tools = new Map();

  clear() {
    this.#items.clear();
    this.#tools.clear();
    this.#typed = [];
    this.#list.replaceChildren(make("li", { className: "empty", textContent: "What you and the agent say appears here, word by word." }));
  }

  transcript({ role, id, text, final, interrupted }) {
    const key = `${role} ${id}`;
    let item = this.#items.get(key) ?? (role === "user" ? this.#typedBefore(text) : null);
    if (!item && !text) return;
    item ??= this.#add(role);
    this.#items.set(key, item);
    const before = item.dataset.text ?? "";
    const lost = interrupted && before.startsWith(text) ? before.slice(text.length) : "";
    item.querySelector("p").replaceChildren(text, ...(lost.trim() ? [" ", make("s", { textContent: lost.trim() })] : []),
      ...(interrupted ? [make("span", { className: "cut", textContent: "interrupted" })] : []));
    item.dataset.text = text;
    item.classList.toggle("partial", !final);
    item.classList.toggle("interrupted", Boolean(interrupted));
    if (final) $("said").textContent = `${role === "user" ? "You" : this.agentName}: ${text}`;
    this.#follow();
  }

  /** Show typed words at once; their transcript takes this place when it comes. */
  typed(text) {
    const item = this.#add("user");
    item.querySelector("p").textContent = text;
    this.#typed.push({ text, item, at: performance.now() });
    this.#follow();
  }

  #typedBefore(text) {
    this.#typed = this.#typed.filter(({ at }) => performance.now() - at < ECHO_MS);
    const index = this.#typed.findIndex((typed) => typed.text === text);
    return index < 0 ? null : this.#typed.splice(index, 1)[0].item;
  }

  tool({ phase, id, name, arguments: given, ok, duration_ms: took }) {
    let item = this.#tools.get(id);
    if (!item) {
      const code = make("code", {}, make("b", { textContent: name }), `(${spelled(given)})`);
      item = this.#append(make("li", { className: "tool busy" }, icon("tool"), code, make("span", { textContent: "running" })));
      this.#tools.set(id, item);
    }
    if (phase === "end") {
      item.classList.remove("busy");
      item.classList.toggle("failed", ok === false);
      const word = ok === false ? "failed" : "done";
      item.querySelector("span").textContent = took === undefined ? word : `${word} in ${millis(took)}`;
    }
    this.#follow();
  }

  /** Show how long an answer took below its words. */
  turn({ turn_id: id, response_delay_ms: delay, spans_ms: spans }, heardMs) {
    const item = this.#items.get(`agent ${id}`) ?? [...this.#list.querySelectorAll(".agent")].pop();
    if (!item || typeof delay !== "number") return;
    const stages = stagesOf(spans);
    const heard = heardMs ? `, ${seconds(heardMs)} as heard here` : "";
    item.querySelector(".delay")?.remove();
    item.append(make("div", { className: "delay" }, bar(stages),
      make("div", {}, make("b", { textContent: `${seconds(delay)} to answer` }), heard), legend(stages)));
    this.#follow();
  }

  #add(role) {
    const who = make("small", { textContent: role === "user" ? "You" : this.agentName });
    return this.#append(make("li", { className: `said ${role}` }, who, make("p")));
  }

  #append(item) {
    this.#list.querySelector(".empty")?.remove();
    this.#list.append(item);
    return item;
  }

  /** Keep the newest in view, unless somebody reads further up. */
  #follow() {
    const { scrollHeight, scrollTop, clientHeight, lastElementChild } = this.#list;
    const added = (lastElementChild?.offsetHeight ?? 0) + 140;
    if (scrollHeight - scrollTop - clientHeight < added) this.#list.scrollTop = scrollHeight;
  }
}

export function spelled(given) {
  if (!given || typeof given !== "object") return given ?? "";
  return Object.entries(given).map(([name, value]) => `${name}: ${JSON.stringify(value)}`).join(", ");
}
