/**
 * The configuration of the component manifest, which the documentation and editors read. The texts of the manifest
 * are the comments of the components.
 */
export default {
  globs: ["src/components/*.ts", "src/kit.ts"],
  outdir: "dist",
  litelement: true,
  plugins: [publicOnly()],
};

/** Removes private members from the manifest. */
function publicOnly() {
  return {
    name: "public-only",
    packageLinkPhase({ customElementsManifest }) {
      for (const module of customElementsManifest.modules) {
        for (const { members, tagName } of module.declarations ?? []) {
          const isPublic = ({ name, privacy, kind }) =>
            name !== undefined && !name.startsWith("#") && privacy === undefined && (kind === "field" || !tagName);
          members?.splice(0, members.length, ...members.filter(isPublic));
        }
      }
    },
  };
}
