/** The store cannot be reached, or says that it cannot answer now: the same may succeed a moment later. */
export class StorageAway extends Error {
  override readonly name = "StorageAway";
}
