// The four requests that bring page and agent together. Tokens travel in headers only.

const TIMEOUT_MS = 10000;

export class Refused extends Error {
  constructor(status, detail, code) {
    super(detail);
    this.status = status;
    this.code = code;
  }
}

async function post(path, body, headers) {
  const response = await fetch(path, {
    method: "POST",
    headers: { "Content-Type": "application/json", ...headers },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  const answer = await response.json().catch(() => ({}));
  if (response.ok) return answer;
  const detail = typeof answer.detail === "string" ? answer.detail : `The server answered ${response.status}.`;
  throw new Refused(response.status, detail, answer.code);
}

export class Signalling {
  constructor(callId, apiKey) {
    this.path = `/calls/${encodeURIComponent(callId)}`;
    this.keyed = apiKey ? { "X-API-Key": apiKey } : {};
  }

  /** See to it that an agent is in the call. True where this page has brought it. */
  async bringAgent() {
    if (await this.#agentIsThere()) return false;
    try {
      await post(`${this.path}/sessions`, {}, this.keyed);
      return true;
    } catch (error) {
      // 429: an agent is there already. 404, 405: this server starts its agents itself.
      if (error instanceof Refused && [404, 405, 429].includes(error.status)) return false;
      throw error;
    }
  }

  async #agentIsThere() {
    const response = await fetch(`${this.path}/sessions`, { headers: this.keyed, signal: AbortSignal.timeout(TIMEOUT_MS) });
    if (response.status === 401) throw new Refused(401, "This server wants an API key.", "unauthorized");
    if (!response.ok) return false; // listing may be forbidden where starting is not
    const { sessions = [] } = await response.json();
    return sessions.some(({ status }) => status === "starting" || status === "active");
  }

  joinToken(userName) {
    return post(`${this.path}/join-token`, userName ? { user_name: userName } : {}, this.keyed);
  }

  offer(token, { sdp, type }) {
    return post(`${this.path}/offer`, { sdp, type }, { Authorization: `Bearer ${token}` });
  }

  resume(token, { sdp, type }) {
    return post(`${this.path}/resume`, { sdp, type }, { Authorization: `Bearer ${token}` });
  }
}
