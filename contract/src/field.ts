import { z } from "zod";

/** The parts that schemas are made of. Each is strict on the way in and says so in its JSON Schema. */

const idPattern = (prefix: string) => new RegExp(`^${prefix}_[0-7][0-9a-hjkmnp-tv-z]{25}$`);

/** An id: prefix + 26 characters of Crockford base32 over a UUIDv7. */
export function id(prefix: string) {
  return z.string().regex(idPattern(prefix), `must be an id: ${prefix}_ and 26 characters`);
}

/** What something names that was deleted; to be sent back with it as it is. */
export const MissingIds = z.array(z.string()).meta({
  description:
    "Of the sources and assets that it names, those that were deleted: nothing is shown in their place. They may be sent back as they are.",
});

/** RFC 3339, UTC, milliseconds. */
export const Time = z.iso.datetime({ precision: 3 });

function characters(value: string): number {
  return Array.from(value).length;
}

/** What is no letter: for patterns, inside of brackets. */
export const space = String.raw` \u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufeff`;
export const control = String.raw`\u0000-\u001f\u007f-\u009f`;

// 1 to 100 characters once the white space around them is taken off, none of them a control character. The document
// has no other way to say that than this pattern. What stands around the name and what it begins and ends with never
// match the same character, and the rest is bounded: a text takes time in proportion to its length.
const named = new RegExp(
  `^[${space}]*[^${space}${control}](?:[^${control}]{0,98}[^${space}${control}])?[${space}]*$`,
  "u",
);

/** A name: 1 to 100 characters (code points) after trimming, no control characters, no lone surrogates. */
export const Name = z
  .string()
  .regex(named, "must be 1 to 100 characters, without control characters")
  .refine((value) => value.isWellFormed(), "must be well-formed Unicode")
  .transform((value) => value.trim())
  .meta({ minLength: 1, example: "Friday show" });

/** Text shown to people: up to `most` characters, no NUL, no lone surrogates. */
export function text(most: number) {
  return z
    .string()
    .regex(/^[^\u0000]*$/, "must not contain NUL")
    .refine((value) => value.isWellFormed(), "must be well-formed Unicode")
    .refine((value) => characters(value) <= most, `must be at most ${most} characters`)
    .meta({ maxLength: most });
}

export const Color = z
  .string()
  .regex(/^#[0-9a-fA-F]{6}$/, "must be a color such as #1a1a2e")
  .meta({ example: "#1a1a2e" });

/** Page size and position. */
export const PageQuery = z.object({
  cursor: z.string().max(500).optional().meta({ description: "`nextCursor` of the page before." }),
  limit: z.coerce.number().int().min(1).max(100).default(25).meta({ description: "How many a page has at the most." }),
});

/** `{data, nextCursor}`, newest first; `nextCursor` is null on the last page. */
export function page<Item extends z.ZodType>(name: string, item: Item) {
  return z.object({ data: z.array(item), nextCursor: z.string().nullable() }).meta({ id: name });
}
