export { studioHandlers } from "./routes.ts";
export { requireStudio } from "./logic.ts";
export { hasStudio as isStudio } from "./sql.ts";
