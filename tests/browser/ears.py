"""What is heard in the page, measured by WebAudio apart from the page's own meters."""

from __future__ import annotations

from dataclasses import dataclass

from playwright.async_api import Page

# The microphone is noted when the page opens it. An `Ear` listens to it or to the agent.
SCRIPT = """
const media = navigator.mediaDevices;
const open = media.getUserMedia.bind(media);
window.opened = new Promise((resolve) => {
  media.getUserMedia = async (constraints) => {
    const stream = await open(constraints);
    resolve(stream.clone());
    return stream;
  };
});
window.Ear = class {
  // Stretches of sound, in the page's time; a word is one, or a whole sentence.
  sounds = [];

  constructor(stream) {
    this.context = new AudioContext();
    this.analyser = new AnalyserNode(this.context, { fftSize: 32768 });
    this.context.createMediaStreamSource(stream).connect(this.analyser);
    this.samples = new Float32Array(32768);
    this.heard = performance.now();
    setInterval(() => this.look(), 20);
  }

  look() {
    this.analyser.getFloatTimeDomainData(this.samples);
    const now = performance.now();
    const per = 1000 / this.context.sampleRate;
    const first = Math.max(0, this.samples.length - Math.ceil((now - this.heard) / per));
    for (let index = first; index < this.samples.length; index++) {
      if (Math.abs(this.samples[index]) > 0.01) this.note(now - (this.samples.length - 1 - index) * per);
    }
    this.heard = now;
  }

  note(at) {
    const last = this.sounds.at(-1);
    if (last && at - last.to < 100) last.to = at;
    else this.sounds.push({ from: at, to: at });
  }

  // Page time of the first sound after `since`.
  sound(since) {
    return this.until(() => {
      const found = this.sounds.find(({ to }) => to > since);
      return found && Math.max(found.from, since);
    });
  }

  // Page time of the last sound, once it has been silent for `ms`.
  silent(ms) {
    return this.until(() => {
      const last = this.sounds.at(-1)?.to;
      return last && this.heard - last > ms && last;
    });
  }

  until(found) {
    const end = performance.now() + 20000;
    return new Promise((resolve, reject) => {
      const timer = setInterval(() => {
        const at = found();
        if (at) resolve(at);
        if (performance.now() > end) reject(new Error('It was not heard within 20 s.'));
        if (at || performance.now() > end) clearInterval(timer);
      }, 20);
    });
  }
};
window.playout = async () => {
  const all = [];
  for (const peer of window.peers) for (const stats of (await peer.getStats()).values()) all.push(stats);
  const { jitterBufferDelay: delay = 0, jitterBufferEmittedCount: count = 0 } =
    all.findLast(({ type, kind }) => type === 'inbound-rtp' && kind === 'audio') ?? {};
  return { delay, count };
};
window.peers = [];
window.RTCPeerConnection = class extends RTCPeerConnection {
  constructor(...given) { super(...given); window.peers.push(this); }
};
"""


@dataclass(frozen=True, slots=True)
class Ears:
    """Listens in one page; times are the page's, in ms."""

    page: Page

    async def open(self) -> None:
        """Begin to listen to the agent."""
        await self.page.evaluate("window.agent = new Ear(document.getElementById('agent-audio').srcObject)")

    async def now(self) -> float:
        """The page's time."""
        return await self.page.evaluate("performance.now()")

    async def agent_speaks(self, since: float) -> float:
        """Wait for the agent's voice; when it was first heard after `since`."""
        return await self.page.evaluate(f"window.agent.sound({since})")

    async def agent_silent(self, ms: int = 300) -> float:
        """Wait until the agent is silent; when it was last heard."""
        return await self.page.evaluate(f"window.agent.silent({ms})")

    async def playout_ms(self) -> float:
        """How long the browser holds sound before it plays it, over the whole call so far."""
        stats = await self.page.evaluate("window.playout()")
        return 1000 * stats["delay"] / stats["count"]
