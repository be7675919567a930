export { keyHandlers } from "./routes.ts";
export { mintKey, revokeKeyOfAnyone } from "./logic.ts";
