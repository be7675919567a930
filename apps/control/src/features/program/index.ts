export { programHandlers } from "./routes.ts";
