/**
 * Which way imports go: section 3 of the design, a sentence each. Paths are
 * relative to the root; what comes from npm is `npm:<package>`. Type-only
 * imports count: a type is a dependency too.
 */
export type Rule = {
  readonly says: string;
  readonly from: RegExp;
  /** Where the rule does not hold. */
  readonly except?: RegExp;
  /** What must not be imported there; `$1` is the first group of `from`. */
  readonly forbids: string;
  readonly allows?: string;
};

/** Everything that is ours. */
const ours = "^(contract|foundation|media-protocol|apps|acceptance|bench|sdks|tools)/";

/** Tests may use what they test with, and reach into anything to look at it. */
const tests = /\.test\.ts$|\/(test-support|testing)\/|\/test-[^/]+\.ts$/;

export const rules: readonly Rule[] = [
  { says: "The contract imports nothing of ours.", from: /^contract\//, forbids: ours, allows: "^contract/" },
  {
    says: "The foundation imports nothing of ours.",
    from: /^foundation\//,
    except: tests,
    forbids: ours,
    allows: "^foundation/",
  },
  {
    says: "media-protocol imports only the foundation.",
    from: /^media-protocol\//,
    except: tests,
    forbids: ours,
    allows: "^(media-protocol|foundation)/",
  },
  {
    says: "Control imports only contract, foundation and media-protocol.",
    from: /^apps\/control\//,
    except: tests,
    forbids: ours,
    allows: "^(apps/control|contract|foundation|media-protocol)/",
  },
  {
    says: "The kernel imports only contract and foundation.",
    from: /^apps\/control\/src\/kernel\//,
    except: tests,
    forbids: ours,
    allows: "^(apps/control/src/kernel|contract|foundation)/",
  },
  {
    says: "A slice imports kernel, contract, foundation and other slices, nothing else of control's.",
    from: /^apps\/control\/src\/features\//,
    except: tests,
    forbids: "^apps/control/",
    allows: "^apps/control/src/(features|kernel)/",
  },
  {
    says: "A slice is imported only through its index.ts.",
    from: /^apps\/control\/src\/features\/([^/]+)\//,
    except: tests,
    forbids: "^apps/control/src/features/",
    allows: "^apps/control/src/features/($1/|[^/]+/index\\.ts$)",
  },
  {
    says: "A slice is imported only through its index.ts.",
    from: /^apps\/control\/src\/(?!features\/)/,
    except: tests,
    forbids: "^apps/control/src/features/",
    allows: "/index\\.ts$",
  },
  {
    says: "In control only broadcast, playback, program and sources import media-protocol.",
    from: /^apps\/control\/src\/(?!features\/(broadcast|playback|program|sources)\/)/,
    except: tests,
    forbids: "^media-protocol/",
  },
  {
    says: "Nobody imports webhooks: they read the outbox. (The composition root mounts them.)",
    from: /^(?!apps\/control\/src\/(features\/webhooks\/|main\.ts$|app\.ts$))/,
    forbids: "^apps/control/src/features/webhooks/",
  },
  {
    says: "The media agent imports only foundation and media-protocol.",
    from: /^apps\/media\//,
    except: tests,
    forbids: ours,
    allows: "^(apps/media|foundation|media-protocol)/",
  },
  {
    says: "Only apps/media/src/ffmpeg imports node-av.",
    from: /^(?!apps\/media\/src\/ffmpeg\/)/,
    forbids: "^npm:node-av$",
  },
  {
    says: "The web app and the acceptance suite know only HTTP, the SDK and the public contract.",
    from: /^(apps\/web|acceptance)\//,
    forbids: "^(foundation|media-protocol|apps/(control|media|launcher))/",
  },
  {
    says: "The launcher starts control and the media agent, and imports neither.",
    from: /^apps\/launcher\//,
    forbids: "^apps/(control|media|web)/",
  },
  {
    says: "What runs does not import tests, nor what only tests need.",
    from: /^(contract|foundation|media-protocol|apps)\//,
    except: tests,
    forbids: "\\.test\\.ts$|/(test-support|testing)/|^(acceptance|bench|tools/peers)/",
  },
];

/** The sentences that an import breaks. */
export function brokenRules(from: string, to: string): readonly string[] {
  return rules
    .filter((rule) => {
      const match = rule.from.exec(from);
      if (match === null || rule.except?.test(from) === true) return false;
      const fill = (pattern: string): RegExp => new RegExp(pattern.replaceAll("$1", match[1] ?? "$1"));
      return fill(rule.forbids).test(to) && !(rule.allows !== undefined && fill(rule.allows).test(to));
    })
    .map(({ says }) => says);
}
