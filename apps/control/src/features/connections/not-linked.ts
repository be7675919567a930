import { PlatformError } from "./platform.ts";

/** The connection is gone. */
export class NotLinked extends PlatformError {
  constructor() {
    super("unauthorized", "The account is not linked any more.");
    this.name = "NotLinked";
  }
}
