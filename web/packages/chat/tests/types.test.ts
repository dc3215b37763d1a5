/**
 * Programs that are written for the cloud's SDK compile against its typings and those of `compat`, one of them against
 * those of the SDK itself too: their code moves by changing the import.
 */

import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";

const compiler = fileURLToPath(new URL("../../../node_modules/typescript/bin/tsc", import.meta.url));

/** The errors that the compiler finds in a project of `types/`. */
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
