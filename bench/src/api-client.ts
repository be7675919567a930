import { Secret } from "@trax/foundation/secret";

/** One account's API. Whatever is not a success throws. */
export class ApiClient {
  readonly #baseUrl: string;
  readonly #key: Secret;
  readonly accountId: string;

  constructor(baseUrl: string, accountId: string, key: string) {
    this.#baseUrl = baseUrl;
    this.#key = new Secret(key);
    this.accountId = accountId;
  }

  /** For a load generator's script, which nobody else can read. */
  revealKey(): string {
    return this.#key.reveal();
  }

  async ask(method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE", path: string, body?: object): Promise<unknown> {
    const response = await fetch(this.#baseUrl + path, {
      method,
      headers: {
        authorization: `Bearer ${this.#key.reveal()}`,
        ...(body === undefined ? {} : { "content-type": "application/json" }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path} answered ${response.status}: ${text.slice(0, 300)}`);
    return text === "" ? null : JSON.parse(text);
  }

  /** GETs what is no JSON; answers how many bytes it has. */
  async download(path: string): Promise<number> {
    const response = await fetch(this.#baseUrl + path, { headers: { authorization: `Bearer ${this.#key.reveal()}` } });
    const body = await response.arrayBuffer();
    if (!response.ok) throw new Error(`GET ${path} answered ${response.status}`);
    return body.byteLength;
  }
}
