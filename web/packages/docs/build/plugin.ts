/**
 * The documentation as a part of a Vite build. Creates the pages and the search index beside the script and the
 * style.
 */

import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Plugin } from "vite";
import { makeSite, type Repository } from "./site.js";

const ROOT = fileURLToPath(new URL("../../../..", import.meta.url));

/** The repository of this package. */
export const REPOSITORY: Repository = {
  read: (path) => readFileSync(join(ROOT, path), "utf8"),
  list: (folder) => readdirSync(join(ROOT, folder)),
};

export function documentation(): Plugin {
  return {
    name: "lamplight-documentation",
    apply: "build",
    generateBundle(_, bundle) {
      const site = makeSite(REPOSITORY);
      const places = JSON.stringify(site.places);
      const name = createHash("sha256").update(places).digest("hex").slice(0, 8);
      const assets = {
        script: only(Object.keys(bundle), ".js"),
        style: only(Object.keys(bundle), ".css"),
        search: `assets/places-${name}.json`,
      };
      this.emitFile({ type: "asset", fileName: assets.search, source: places });
      for (const [fileName, source] of site.pages(assets)) {
        this.emitFile({ type: "asset", fileName, source });
      }
    },
  };
}

function only(names: string[], ending: string): string {
  const [name, ...others] = names.filter((each) => each.endsWith(ending));
  if (name === undefined || others.length > 0) {
    throw new Error(`one file that ends in ${ending} was expected, not ${names.join(", ")}`);
  }
  return name;
}
