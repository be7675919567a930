import { hash, verify } from "@node-rs/argon2";
import { ApiError } from "../errors.ts";

/**
 * Passwords by argon2id with the library's parameters (19 MiB, 2 passes: the
 * OWASP recommendation). Each takes a thread of the pool for tens of
 * milliseconds, so only a few run at a time and only so many may wait: guessing
 * in bulk must not slow anybody else's requests.
 */
export type Passwords = {
  hash(password: string): Promise<string>;
  /** False for a wrong password, and just as slowly where there is no such user (`stored` null). */
  verify(stored: string | null, password: string): Promise<boolean>;
};

const atOnce = 2;
const mostWaiting = 64;

export async function openPasswords(): Promise<Passwords> {
  const nobody = await hash("no user has this password");
  const waiting: (() => void)[] = [];
  let running = 0;

  const inTurn = async <T>(work: () => Promise<T>): Promise<T> => {
    if (running < atOnce) running += 1;
    else {
      if (waiting.length >= mostWaiting)
        throw new ApiError("unavailable", undefined, { headers: { "retry-after": "1" } });
      // Whoever ends hands its place over, so `running` stays as it is.
      await new Promise<void>((resolve) => waiting.push(resolve));
    }
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next === undefined) running -= 1;
      else next();
    }
  };

  return {
    hash: (password) => inTurn(() => hash(password)),
    verify: (stored, password) => inTurn(async () => (await verify(stored ?? nobody, password)) && stored !== null),
  };
}
