import { resolve } from "node:path";
import type { Recording, RecordingStatus } from "@trax/contract";
import type { Config } from "@trax/foundation/config";
import type { Queryable } from "@trax/foundation/database";
import { ApiError, notFound } from "../../kernel/errors.ts";
import { FileAnswer } from "../../kernel/file-answer.ts";
import { publicUrlOf } from "../../kernel/public-url.ts";
import { findRecording } from "./recording-sql.ts";
import type { RecordingKey, RecordingRow } from "./recording-sql.ts";

export type Recordings = {
  /** As the contract shows it. Its file is on the disk of its node; the media library has its own. */
  shown(row: RecordingRow, of: Omit<RecordingKey, "recordingId">): Recording;
  /** Its file, where it is on this machine; also while it is being written. */
  file(db: Queryable, accountId: string, key: RecordingKey): Promise<FileAnswer>;
};

export function recordingsOf(config: Config): Recordings {
  const baseUrl = publicUrlOf(config);
  const root = resolve(config.TRAX_DATA_DIR);
  return {
    shown({ createdAt, ...row }, { studioId, broadcastId }) {
      const path = `/v1/studios/${studioId}/broadcasts/${broadcastId}/recordings/${row.id}/file`;
      return {
        ...row,
        downloadUrl: withoutFile[row.status] === undefined ? baseUrl + path : null,
        createdAt: new Date(createdAt).toISOString(),
      };
    },
    async file(db, accountId, key) {
      const found = await findRecording(db, accountId, key);
      if (found === null) throw notFound("recording");
      const gone = withoutFile[found.status];
      if (gone !== undefined) throw new ApiError("not_found", gone);
      const name = `trax-${found.createdAt.toISOString().slice(0, 19).replaceAll(":", "")}-${key.recordingId}.mp4`;
      return new FileAnswer({ root, path: found.path, name, absent: elsewhere() });
    },
  };
}

const withoutFile: Readonly<Partial<Record<RecordingStatus, string>>> = {
  failed: "This recording failed: it has no file.",
  deleted: "This recording was deleted: it has no file.",
};

function elsewhere(): ApiError {
  return new ApiError("media_unavailable", "This recording's file is not on the node that answers.", {
    headers: { "retry-after": "60" },
  });
}
