// One call: a peer connection, its data channel, and coming back after the network was away.

import { Refused } from "./signalling.js";

const GATHERING_MS = 2000;
const CONNECTING_MS = 15000;
const OWN_RECOVERY_MS = 1500; // a connection that comes back by itself is cheaper than a new one
const RESUMABLE_MS = 15000;
const ATTEMPT_MS = 5000;
const PAUSE_MS = 500;

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

export class Call extends EventTarget {
  phase = "idle"; // connecting, live, reconnecting, lost, ended
  tracks = { audio: null, camera: null, screen: null };
  #signalling;
  #peer = null;
  #senders = {};
  #channel = null;
  #iceServers = [];
  #resumeToken = null;
  #farewell = null;

  constructor(signalling) {
    super();
    this.#signalling = signalling;
  }

  async start(userName) {
    this.#enter("connecting");
    await this.#signalling.bringAgent();
    const { token, ice_servers: iceServers } = await this.#signalling.joinToken(userName);
    this.#iceServers = iceServers ?? [];
    await this.#connect((description) => this.#signalling.offer(token, description), CONNECTING_MS);
    this.#enter("live");
  }

  /** Send a message; false where the channel is not open. */
  send(message) {
    if (this.#channel?.readyState !== "open") return false;
    this.#channel.send(JSON.stringify(message));
    return true;
  }

  /** Send another track, or none, in the place of "audio", "camera" or "screen". */
  async use(kind, track) {
    this.tracks[kind] = track;
    await this.#senders[kind]?.replaceTrack(track);
  }

  hangUp() {
    this.#end({ reason: "left", detail: "", own: true });
  }

  stats() {
    return this.#peer?.getStats();
  }

  get transport() {
    const { connectionState, iceConnectionState } = this.#peer ?? {};
    return { connectionState, iceConnectionState };
  }

  #enter(phase, facts = {}) {
    if (this.phase === "ended" || this.phase === phase) return;
    this.phase = phase;
    this.dispatchEvent(new CustomEvent("phase", { detail: { phase, ...facts } }));
  }

  #end(farewell) {
    this.#farewell = farewell;
    this.#enter("ended", farewell);
    this.#peer?.close();
  }

  async #connect(exchange, patience) {
    const peer = this.#newPeer();
    try {
      await peer.setLocalDescription();
      await gathered(peer);
      const answer = await exchange(peer.localDescription);
      this.#resumeToken = answer.resume_token ?? null;
      if (this.#farewell) return;
      await peer.setRemoteDescription({ type: answer.type, sdp: answer.sdp });
      await connected(peer, patience);
    } catch (error) {
      peer.close();
      throw error;
    }
    peer.addEventListener("connectionstatechange", () => this.#onState(peer));
    if (peer.connectionState !== "connected") this.#onState(peer);
  }

  #newPeer() {
    this.#peer?.close();
    const peer = new RTCPeerConnection({ iceServers: this.#iceServers, bundlePolicy: "max-bundle" });
    this.#peer = peer;
    // The order of the lines tells the server what each one is.
    this.#senders = {
      audio: line(peer, this.tracks.audio, "audio", "sendrecv"),
      camera: line(peer, this.tracks.camera, "video", "sendrecv"),
      screen: line(peer, this.tracks.screen, "video", "sendonly"),
    };
    peer.addEventListener("track", ({ track }) => {
      this.dispatchEvent(new CustomEvent("track", { detail: track }));
    });
    this.#channel = peer.createDataChannel("events", { ordered: true });
    this.#channel.addEventListener("message", ({ data }) => this.#onMessage(data));
    this.#channel.addEventListener("close", () => this.#onClosedChannel(peer));
    return peer;
  }

  #onMessage(text) {
    let message;
    try {
      message = JSON.parse(text);
    } catch {
      return; // not ours
    }
    if (message?.type === "end") this.#end(message);
    else this.dispatchEvent(new CustomEvent("message", { detail: message }));
  }

  #onState(peer) {
    if (peer !== this.#peer) return;
    if (["disconnected", "failed", "closed"].includes(peer.connectionState)) this.#comeBack();
  }

  #onClosedChannel(peer) {
    if (peer === this.#peer && this.phase === "live") this.#comeBack();
  }

  async #comeBack() {
    if (this.phase !== "live") return;
    const until = performance.now() + RESUMABLE_MS;
    this.#enter("reconnecting");
    if (await this.#backByItself()) return this.#enter("live");
    while (this.phase === "reconnecting" && performance.now() < until) {
      try {
        const patience = Math.min(ATTEMPT_MS, until - performance.now());
        await this.#connect((description) => this.#signalling.resume(this.#resumeToken, description), patience);
        return this.#enter("live", { resumed: true });
      } catch (error) {
        if (error instanceof Refused && error.status < 500 && error.status !== 429) break;
        await pause(PAUSE_MS);
      }
    }
    if (this.phase === "reconnecting") this.#enter("lost");
  }

  async #backByItself() {
    const until = performance.now() + OWN_RECOVERY_MS;
    while (this.#peer.connectionState === "disconnected" && performance.now() < until) await pause(100);
    return this.#peer.connectionState === "connected" && this.#channel.readyState === "open";
  }
}

function line(peer, track, kind, direction) {
  return peer.addTransceiver(track ?? kind, { direction }).sender;
}

/** Wait until all candidates are in the local description, for a bounded time. */
function gathered(peer) {
  return until(peer, "icegatheringstatechange", () => peer.iceGatheringState === "complete", GATHERING_MS);
}

async function connected(peer, patience) {
  const settled = () => ["connected", "failed", "closed"].includes(peer.connectionState);
  await until(peer, "connectionstatechange", settled, patience);
  if (peer.connectionState !== "connected") throw new Error("No way was found for sound to reach the server.");
}

function until(target, event, isSo, patience) {
  return new Promise((resolve) => {
    const check = () => {
      if (!isSo()) return;
      finish();
    };
    const finish = () => {
      clearTimeout(timer);
      target.removeEventListener(event, check);
      resolve();
    };
    const timer = setTimeout(finish, patience);
    target.addEventListener(event, check);
    check();
  });
}
