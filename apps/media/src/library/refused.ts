/** A file that cannot be used; its message is for people who uploaded it. */
export class Refused extends Error {
  override readonly name = "Refused";
}
