/**
 * Removes the pictures of the lists, so that the test draws them again. The test keeps a picture that differs only
 * slightly.
 */
import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const images = fileURLToPath(new URL("../../../../docs/images", import.meta.url));
for (const name of readdirSync(images)) {
  if (/^uikit-.*\.png$/.test(name)) rmSync(join(images, name));
}
