import type { Passwords } from "../../kernel/auth/password.ts";
import type { Handlers } from "../../kernel/mount.ts";
import type { Services } from "../../kernel/services.ts";
import { signIn, signOut, signUp } from "./logic.ts";

export type AccountHandlers = {
  readonly public: Handlers<"signUp" | "signIn">;
  readonly session: Handlers<"signOut">;
};

export function accountHandlers({
  limiter,
  passwords,
}: Pick<Services, "limiter"> & { readonly passwords: Passwords }): AccountHandlers {
  return {
    public: {
      signUp: (request) => signUp(passwords, request),
      signIn: (request) => signIn(passwords, limiter, request),
    },
    session: {
      signOut: (request) => signOut(request),
    },
  };
}
