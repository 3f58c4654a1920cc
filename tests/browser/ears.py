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
  constructor(stream) {
    this.context = new AudioContext();
    this.analyser = new AnalyserNode(this.context, { fftSize: 32768 });
    this.context.createMediaStreamSource(stream).connect(this.analyser);
    this.samples = new Float32Array(32768);
  }
  // The newest stretch of samples, and the page's time of its last one.
  look() {
    this.analyser.getFloatTimeDomainData(this.samples);
    return performance.now();
  }
  loud(from, to) {
    for (let at = from; at !== to; at += Math.sign(to - from)) {
      if (Math.abs(this.samples[at]) > 0.01) return at;
    }
    return -1;
  }
  at(index, now) {
    return now - (this.samples.length - 1 - index) * 1000 / this.context.sampleRate;
  }
  // Page time of the last sound, once it has been silent for `ms`.
  silent(ms) {
    return this.until((now) => {
      const last = this.at(this.loud(this.samples.length - 1, -1), now);
      return now - last > ms && last;
    });
  }
  // Page time of the first sound after `since`.
  sound(since = performance.now()) {
    return this.until((now) => {
      const back = (now - since) * this.context.sampleRate / 1000;
      const from = Math.max(0, Math.ceil(this.samples.length - 1 - back));
      const first = this.loud(from, this.samples.length);
      return first >= 0 && this.at(first, now);
    });
  }
  until(found) {
    const end = performance.now() + 20000;
    return new Promise((resolve, reject) => {
      const timer = setInterval(() => {
        const at = found(this.look());
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

    async def agent_speaks(self) -> float:
        """Wait for the agent's voice; when it was first heard."""
        return await self.page.evaluate("window.agent.sound()")

    async def agent_silent(self, ms: int = 300) -> float:
        """Wait until the agent is silent; when it was last heard."""
        return await self.page.evaluate(f"window.agent.silent({ms})")

    async def playout_ms(self) -> float:
        """How long the browser holds sound before it plays it, over the whole call so far."""
        stats = await self.page.evaluate("window.playout()")
        return 1000 * stats["delay"] / stats["count"]
