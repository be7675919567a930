/** Somebody on YouTube: an account's channel. */
export type Channel = { readonly id: string; readonly title: string; readonly handle: string };
