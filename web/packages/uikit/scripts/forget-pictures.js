/**
 * Removes the pictures of the lists, so that the test draws them anew. The test would keep a picture that differs
 * only a little.
 */
import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const images = fileURLToPath(new URL("../../../../docs/images", import.meta.url));
for (const name of readdirSync(images)) {
  if (/^uikit-.*\.png$/.test(name)) rmSync(join(images, name));
}
