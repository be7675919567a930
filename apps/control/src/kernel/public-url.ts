import type { Config } from "@trax/foundation/config";

/** The API's own address as clients know it, without a slash at its end. */
export function publicUrlOf(config: Config): string {
  return config.TRAX_PUBLIC_URL ?? `http://127.0.0.1:${config.TRAX_HTTP_PORT}`;
}
