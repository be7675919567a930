import { createSign, generateKeyPairSync, type KeyObject } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { ulid } from "./ulid.ts";

/** One event on its way to the app, as it goes over the wire. */
export type KickDelivery = {
  readonly id: string;
  readonly subscriptionId: string;
  readonly type: string;
  readonly timestamp: string;
  readonly signature: string;
  readonly body: string;
  /** What each attempt was answered with; null: nothing was. */
  readonly attempts: (number | null)[];
};

export type SigningOptions = {
  readonly id?: string;
  /** When it says it was sent; now unless set. */
  readonly sentAt?: Date;
  /** `another`: a sound signature by a key that is not Kick's. */
  readonly key?: "kick" | "another";
};

/** Kick does not say when it tries again; here soon, and then it gives up. */
const retryDelaysMs = [100, 300, 1000];
const deadlineMs = 5000;

export function makeWebhooks(initialUrl: string | undefined) {
  const deliveries: KickDelivery[] = [];
  const held: KickDelivery[] = [];
  const pending = new Set<Promise<void>>();
  const stopping = new AbortController();
  let url = initialUrl;
  let holding = false;
  let keys = keyPair();
  let another: KeyObject | null = null;

  /** docs.kick.com/events/webhook-security: RSA PKCS#1 v1.5 over SHA-256 of `id.timestamp.body`. */
  const sign = (type: string, subscriptionId: string, payload: unknown, options: SigningOptions = {}): KickDelivery => {
    const body = JSON.stringify(payload);
    const id = options.id ?? ulid();
    const timestamp = (options.sentAt ?? new Date()).toISOString();
    if (options.key === "another") another ??= keyPair().privateKey;
    const key = options.key === "another" && another !== null ? another : keys.privateKey;
    const signature = createSign("RSA-SHA256").update(`${id}.${timestamp}.${body}`).sign(key, "base64");
    return { id, subscriptionId, type, timestamp, signature, body, attempts: [] };
  };

  const post = async (delivery: KickDelivery): Promise<number | null> => {
    if (url === undefined) throw new Error("say first where webhooks go: setWebhookUrl()");
    const answer = await fetch(url, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        "kick-event-message-id": delivery.id,
        "kick-event-subscription-id": delivery.subscriptionId,
        "kick-event-signature": delivery.signature,
        "kick-event-message-timestamp": delivery.timestamp,
        "kick-event-type": delivery.type,
        "kick-event-version": "1",
      },
      body: delivery.body,
      signal: AbortSignal.any([stopping.signal, AbortSignal.timeout(deadlineMs)]),
    }).then(
      async (response) => {
        await response.body?.cancel();
        return response.status;
      },
      () => null,
    );
    delivery.attempts.push(answer);
    return answer;
  };

  /** Where no URL is set, webhooks are switched off and the event is lost. */
  const deliver = async (delivery: KickDelivery): Promise<void> => {
    if (url === undefined) return;
    for (const wait of [0, ...retryDelaysMs]) {
      if (wait > 0) await delay(wait, undefined, { signal: stopping.signal });
      const status = await post(delivery);
      if (status !== null && status >= 200 && status < 300) return;
    }
  };

  const start = (delivery: KickDelivery): void => {
    const work = deliver(delivery).catch((error: unknown) => {
      if (!stopping.signal.aborted) throw error;
    });
    pending.add(work);
    void work.finally(() => pending.delete(work));
  };

  return {
    deliveries,
    sign,
    post,
    publicKey: (): string => keys.publicKey.export({ type: "spki", format: "pem" }).toString(),
    rotateKey: (): void => {
      keys = keyPair();
    },
    setUrl: (next: string): void => {
      url = next;
    },
    send: (type: string, subscriptionId: string, payload: unknown, options?: SigningOptions): KickDelivery => {
      const delivery = sign(type, subscriptionId, payload, options);
      deliveries.push(delivery);
      if (holding) held.push(delivery);
      else start(delivery);
      return delivery;
    },
    hold: (): void => {
      holding = true;
    },
    /** One after the other, so that the order is what it says. */
    release: async (order: "as sent" | "reversed"): Promise<void> => {
      holding = false;
      const waiting = held.splice(0);
      for (const delivery of order === "reversed" ? waiting.toReversed() : waiting) await deliver(delivery);
    },
    settled: async (): Promise<void> => {
      while (pending.size > 0) await Promise.all(pending);
    },
    stop: async (): Promise<void> => {
      stopping.abort();
      await Promise.allSettled(pending);
    },
  };
}

export type Webhooks = ReturnType<typeof makeWebhooks>;

function keyPair(): { publicKey: KeyObject; privateKey: KeyObject } {
  return generateKeyPairSync("rsa", { modulusLength: 2048 });
}
