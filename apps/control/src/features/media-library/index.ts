export { openLibrary } from "./library.ts";
export type { Library } from "./library.ts";
export { assetsAmong, wrongAssets } from "./named-assets.ts";
export type { NamedAsset } from "./named-assets.ts";
export { mediaLibraryHandlers } from "./routes.ts";
