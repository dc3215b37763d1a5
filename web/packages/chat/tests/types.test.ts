/**
 * Tests that programs for the cloud's SDK compile with the cloud's typings and with those of `compat`. One program is
 * also compiled with the SDK's own typings. Only the import differs between these builds.
 */

import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";

const compiler = fileURLToPath(new URL("../../../node_modules/typescript/bin/tsc", import.meta.url));

/** Returns the errors of the compiler in a project of `types/`. */
async function errors(project: string): Promise<string> {
  const config = fileURLToPath(new URL(`types/${project}`, import.meta.url));
  try {
    await promisify(execFile)(process.execPath, [compiler, "-p", config]);
    return "";
  } catch (error) {
    return (error as { stdout: string }).stdout;
  }
}

test.each(["tsconfig.ours.json", "tsconfig.compat.json", "tsconfig.cloud.json"])(
  "the programs compile with %s",
  async (project) => {
    expect(await errors(project)).toBe("");
  },
);
