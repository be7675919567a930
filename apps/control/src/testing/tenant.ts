import assert from "node:assert/strict";
import { Destination, Source, IngestCreated, Studio } from "@trax/contract";
import type { TestAccount, TestControl } from "./control.ts";
import { shapeOf } from "./shape.ts";

/** Calls as one account, with what tests of slices make again and again. */
export class Tenant {
  readonly control: TestControl;
  readonly account: TestAccount;

  private constructor(control: TestControl, account: TestAccount) {
    this.control = control;
    this.account = account;
  }

  static async make(control: TestControl): Promise<Tenant> {
    return new Tenant(control, await control.newAccount());
  }

  call(method: string, path: string, body?: unknown): ReturnType<TestControl["call"]> {
    return this.control.call(path, { method, key: this.account.key, ...(body === undefined ? {} : { body }) });
  }

  async studio(settings: object = {}): Promise<Studio> {
    return shapeOf(await this.call("POST", "/v1/studios", { name: "Show", ...settings }), 201, Studio);
  }

  async source(studioId: string, settings: object = {}): Promise<IngestCreated> {
    const answer = await this.call("POST", `/v1/studios/${studioId}/sources`, { name: "Camera", ...settings });
    return shapeOf(answer, 201, IngestCreated);
  }

  async destination(studioId: string, settings: object = {}): Promise<Destination> {
    const body = { name: "Peer", url: "rtmp://127.0.0.1:1935/live", ...settings };
    return shapeOf(await this.call("POST", `/v1/studios/${studioId}/destinations`, body), 201, Destination);
  }

  async readSource(studioId: string, sourceId: string): Promise<Source> {
    return shapeOf(await this.call("GET", `/v1/studios/${studioId}/sources/${sourceId}`), 200, Source);
  }
}

/**
 * Asks as an outsider for what is another tenant's, and with an id that never
 * was: both must be refused as not found, in the same words.
 */
export async function assertIsolated(
  outsider: Tenant,
  calls: readonly {
    readonly method: string;
    readonly theirs: string;
    readonly nobodys: string;
    readonly body?: unknown;
  }[],
): Promise<void> {
  for (const { method, theirs, nobodys, body } of calls) {
    const [of, none] = [await outsider.call(method, theirs, body), await outsider.call(method, nobodys, body)];
    const told = (text: string) => text.replace(/"requestId":"[^"]*"/, "");
    assert.equal(of.status, 404, `${method} ${theirs}: ${of.text}`);
    assert.equal(told(of.text), told(none.text), `${method} ${theirs}`);
  }
}
