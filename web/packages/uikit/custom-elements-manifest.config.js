/** The manifest of the components for the documentation and for editors, taken from the comments beside them. */
export default {
  globs: ["src/components/*.ts", "src/kit.ts"],
  outdir: "dist",
  litelement: true,
  plugins: [publicOnly()],
};

/** Leaves private members out of the manifest. */
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
