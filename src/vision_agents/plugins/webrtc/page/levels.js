// How loud both sides are: meters, the orb's movement, and the answer's delay as heard in this page.

const FLOOR_DB = -62;
const CEILING_DB = -12;
const VOICE = 0.22; // of the scale
const SETTLE_MS = 250; // that long under the threshold is silence

class Ear {
  level = 0;
  spectrum = new Uint8Array(64);
  #analyser;
  #source = null;
  #samples = new Float32Array(1024);

  constructor(context) {
    this.#analyser = new AnalyserNode(context, { fftSize: 1024, smoothingTimeConstant: 0.6 });
  }

  listenTo(track) {
    this.#source?.disconnect();
    this.#source = track && new MediaStreamAudioSourceNode(this.#analyser.context, { mediaStream: new MediaStream([track]) });
    this.#source?.connect(this.#analyser);
  }

  measure() {
    if (!this.#source) {
      this.level = 0;
      this.spectrum.fill(0);
      return;
    }
    this.#analyser.getFloatTimeDomainData(this.#samples);
    this.#analyser.getByteFrequencyData(this.spectrum);
    const power = this.#samples.reduce((sum, sample) => sum + sample * sample, 0) / this.#samples.length;
    const db = 10 * Math.log10(power + 1e-12);
    const now = Math.min(1, Math.max(0, (db - FLOOR_DB) / (CEILING_DB - FLOOR_DB)));
    this.level = now > this.level ? now : this.level * 0.82 + now * 0.18; // quick up, slow down
    this.loud = now > VOICE;
  }
}

export class Levels {
  you = null;
  agent = null;
  #context = null;
  #lastVoice = null; // when the user was last heard
  #agentQuietSince = 0;

  /** Begin; call it from a click, or the browser keeps audio suspended. */
  open() {
    if (!this.#context) {
      this.#context = new AudioContext();
      this.you = new Ear(this.#context);
      this.agent = new Ear(this.#context);
    }
    this.#context.resume();
  }

  /** Measure both sides; gives the delay of an answer in ms at the moment it is first heard. */
  measure(now) {
    if (!this.#context) return null;
    this.you.measure();
    this.agent.measure();
    if (this.you.loud) this.#lastVoice = now;
    if (!this.agent.loud) {
      this.#agentQuietSince ||= now;
      return null;
    }
    const wasQuiet = this.#agentQuietSince && now - this.#agentQuietSince > SETTLE_MS;
    this.#agentQuietSince = 0;
    if (!wasQuiet || this.#lastVoice === null) return null;
    const delay = now - this.#lastVoice;
    this.#lastVoice = null;
    return delay > 0 ? delay : null;
  }
}
