// One call: a peer connection, its data channel, and coming back after the network was away.

const GATHERING_MS = 2000;
const CONNECTING_MS = 15000;
const ALONE_MS = 1500; // a connection that comes back by itself is cheaper than a new one
const RESUMABLE_MS = 15000;
const ATTEMPT_MS = 5000;
const PAUSE_MS = 300;

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

export class Call extends EventTarget {
	phase = "idle"; // connecting, live, reconnecting, lost, ended
	tracks = { audio: null, camera: null, screen: null };
	peer = null;
	#signalling;
	#senders = {};
	#channel;
	#iceServers;
	#resumeToken;

	constructor(signalling) {
		super();
		this.#signalling = signalling;
	}

	async start(userName) {
		this.#enter("connecting");
		await this.#signalling.bringAgent();
		const { token, ice_servers: iceServers } = await this.#signalling.joinToken(userName);
		this.#iceServers = iceServers ?? [];
		await this.#connect("offer", token, CONNECTING_MS);
		this.#enter("live");
	}

	/** Send a message; false where the channel is not open. */
	send(message) {
		if (this.#channel?.readyState !== "open") return false;
		this.#channel.send(JSON.stringify(message));
		return true;
	}

	/** Send another track, or none, as "audio", "camera" or "screen". */
	async use(kind, track) {
		this.tracks[kind] = track;
		await this.#senders[kind]?.replaceTrack(track);
	}

	/** End it; without words of the agent's, it was the user. */
	end(words = { own: true }) {
		this.#enter("ended", words);
		this.send({ type: "leave" });
		this.peer?.close();
	}

	#enter(phase, facts) {
		if (this.phase === "ended" || this.phase === phase) return;
		this.phase = phase;
		this.#tell("phase", { phase, ...facts });
	}

	#tell(event, detail) {
		this.dispatchEvent(new CustomEvent(event, { detail }));
	}

	async #connect(verb, token, patience) {
		const peer = this.#newPeer();
		try {
			await peer.setLocalDescription();
			await until(peer, "icegatheringstatechange", () => peer.iceGatheringState === "complete", GATHERING_MS);
			const answer = await this.#signalling.describe(verb, token, peer.localDescription);
			this.#resumeToken = answer.resume_token;
			await peer.setRemoteDescription({ type: answer.type, sdp: answer.sdp });
			await until(peer, "connectionstatechange", () => /connected|failed|closed/.test(peer.connectionState), patience);
			if (peer.connectionState !== "connected") throw new Error("No way was found for sound to reach the server.");
		} catch (error) {
			peer.close();
			throw error;
		}
		peer.onconnectionstatechange = () => this.#look(peer);
	}

	#newPeer() {
		this.peer?.close();
		const peer = new RTCPeerConnection({ iceServers: this.#iceServers, bundlePolicy: "max-bundle" });
		const line = (kind, direction, track) => peer.addTransceiver(track ?? kind, { direction }).sender;
		// The order of the lines tells the server what each one is.
		this.#senders = {
			audio: line("audio", "sendrecv", this.tracks.audio),
			camera: line("video", "sendrecv", this.tracks.camera),
			screen: line("video", "sendonly", this.tracks.screen),
		};
		peer.ontrack = ({ track }) => this.#tell("track", track);
		this.#channel = peer.createDataChannel("events");
		this.#channel.onmessage = ({ data }) => this.#hear(JSON.parse(data));
		this.#channel.onclose = () => this.#look(peer);
		this.peer = peer;
		return peer;
	}

	#hear(message) {
		if (message.type === "end") this.end(message);
		else this.#tell("message", message);
	}

	#look(peer) {
		if (peer === this.peer && this.phase === "live" && !this.#isUp()) this.#comeBack();
	}

	#isUp() {
		return this.peer.connectionState === "connected" && this.#channel.readyState === "open";
	}

	async #comeBack() {
		const end = performance.now() + RESUMABLE_MS;
		this.#enter("reconnecting");
		const alone = performance.now() + ALONE_MS;
		while (this.peer.connectionState === "disconnected" && performance.now() < alone) await pause(100);
		if (this.#isUp()) return this.#enter("live");
		while (this.phase === "reconnecting" && performance.now() < end) {
			try {
				await this.#connect("resume", this.#resumeToken, Math.min(ATTEMPT_MS, end - performance.now()));
				return this.#enter("live", { resumed: true });
			} catch ({ status }) {
				if (status < 500 && status !== 429) break; // it was refused, and will be again
				await pause(PAUSE_MS);
			}
		}
		if (this.phase === "reconnecting") this.#enter("lost");
	}
}

/** Wait for a condition, for a bounded time. */
function until(target, event, isSo, patience) {
	return new Promise((resolve) => {
		const check = () => isSo() && finish();
		const timer = setTimeout(finish, patience);
		function finish() {
			clearTimeout(timer);
			target.removeEventListener(event, check);
			resolve();
		}
		target.addEventListener(event, check);
		check();
	});
}
