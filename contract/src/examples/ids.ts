export const ulid = "01k9zv4q8fe6s9yq4n3g5t0w2x";
export const at = "2026-11-22T18:00:00.000Z";
export const studioId = `std_${ulid}`;
export const sourceId = `src_${ulid}`;
export const destinationId = `dst_${ulid}`;
export const broadcastId = `brd_${ulid}`;

export const sceneId = `scn_${ulid}`;

export const connectionId = `cnx_${ulid}`;

export const assetId = `ast_${ulid}`;
