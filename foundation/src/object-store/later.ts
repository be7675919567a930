import type { ObjectStore } from "./store.ts";

/** A store that is still being opened; what is asked of it meanwhile waits. */
export function storeOpenedLater(opening: Promise<ObjectStore>): ObjectStore {
  // Whoever asks is told why it could not be opened.
  opening.catch(() => undefined);
  return {
    putFile: async (key, path, options) => (await opening).putFile(key, path, options),
    read: async (key, range) => (await opening).read(key, range),
    stat: async (key) => (await opening).stat(key),
    remove: async (key) => (await opening).remove(key),
    localPath: async (key) => (await opening).localPath(key),
    close: async () => (await opening).close(),
  };
}
