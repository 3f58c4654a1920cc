// How loud both sides are, and how long an answer took as heard in this page.

const FLOOR_DB = -62;
const RANGE_DB = 50;
const VOICE = 0.22; // of the range
const QUIET_MS = 250; // that long below it is silence

class Ear {
	level = 0;
	loud = false;
	spectrum = new Uint8Array(64);
	#samples = new Float32Array(1024);
	#analyser;
	#source;

	constructor(context) {
		this.#analyser = new AnalyserNode(context, { fftSize: 1024, smoothingTimeConstant: 0.6 });
	}

	listenTo(track) {
		this.#source?.disconnect();
		this.#source = track && this.#analyser.context.createMediaStreamSource(new MediaStream([track]));
		this.#source?.connect(this.#analyser);
		this.#samples.fill(0);
		this.spectrum.fill(0);
	}

	measure() {
		if (this.#source) {
			this.#analyser.getFloatTimeDomainData(this.#samples);
			this.#analyser.getByteFrequencyData(this.spectrum);
		}
		const power = this.#samples.reduce((sum, sample) => sum + sample * sample, 1e-9) / this.#samples.length;
		const now = Math.min(1, Math.max(0, (10 * Math.log10(power) - FLOOR_DB) / RANGE_DB));
		this.level = Math.max(now, this.level * 0.82 + now * 0.18); // quick up, slow down
		this.loud = now > VOICE;
	}
}

export class Levels {
	you = null;
	agent = null;
	#context;
	#lastVoice = null;
	#quietSince = 0;

	/** Begin; from a click, or the browser holds the sound back. */
	open() {
		this.#context ??= new AudioContext();
		this.you ??= new Ear(this.#context);
		this.agent ??= new Ear(this.#context);
		this.#context.resume();
	}

	/** Measure; at the first sound of an answer, give the ms since the user's last. */
	measure(now) {
		this.you.measure();
		this.agent.measure();
		if (this.you.loud) this.#lastVoice = now;
		if (!this.agent.loud) {
			this.#quietSince ||= now;
			return null;
		}
		const begins = this.#quietSince && now - this.#quietSince > QUIET_MS;
		this.#quietSince = 0;
		if (!begins || this.#lastVoice === null) return null;
		const delay = now - this.#lastVoice;
		this.#lastVoice = null;
		return delay || null;
	}
}
