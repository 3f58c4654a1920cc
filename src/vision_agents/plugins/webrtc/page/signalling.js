// The requests that bring page and agent together. Tokens and keys travel in headers only.

const TIMEOUT_MS = 10000;

export class Refused extends Error {
	constructor(status, detail) {
		super(typeof detail === "string" ? detail : `The server answered ${status}.`);
		this.status = status;
	}
}

export class Signalling {
	constructor(callId, apiKey) {
		this.path = `/calls/${callId}/`;
		this.keyed = apiKey ? { "X-API-Key": apiKey } : {};
	}

	/** See to it that an agent is in the call. */
	async bringAgent() {
		try {
			const { sessions } = await this.#ask("sessions", this.keyed);
			if (sessions.some(({ status }) => status === "starting" || status === "active")) return;
		} catch (error) {
			if (error.status === 401) throw error; // else: to list may be forbidden where to start is not
		}
		try {
			await this.#ask("sessions", this.keyed, {});
		} catch (error) {
			// 429: an agent is there already. 404, 405: this server starts its agents by itself.
			if (![404, 405, 429].includes(error.status)) throw error;
		}
	}

	joinToken(name) {
		return this.#ask("join-token", this.keyed, name ? { user_name: name } : {});
	}

	/** Exchange descriptions; the verb is "offer" or "resume". */
	describe(verb, token, { sdp, type }) {
		return this.#ask(verb, { Authorization: `Bearer ${token}` }, { sdp, type });
	}

	async #ask(what, headers, body) {
		const response = await fetch(this.path + what, {
			method: body ? "POST" : "GET",
			headers: { "Content-Type": "application/json", ...headers },
			body: body && JSON.stringify(body),
			signal: AbortSignal.timeout(TIMEOUT_MS),
		});
		const answer = await response.json().catch(() => ({}));
		if (!response.ok) throw new Refused(response.status, answer.detail);
		return answer;
	}
}
