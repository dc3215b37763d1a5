import js from "@eslint/js";
import prettier from "eslint-config-prettier";
import { defineConfig, globalIgnores } from "eslint/config";
import tseslint from "typescript-eslint";

export default defineConfig(
  // The programs in types/ are compiled in two ways, each with a project of its own.
  globalIgnores(["**/dist/", "**/src/gen/", "**/tests/types/"]),
  js.configs.recommended,
  {
    files: ["**/*.ts"],
    extends: [tseslint.configs.strictTypeChecked, tseslint.configs.stylisticTypeChecked],
    languageOptions: { parserOptions: { projectService: true } },
    rules: {
      // A new variant stops the build at each place that has to think.
      "@typescript-eslint/switch-exhaustiveness-check": ["error", { considerDefaultExhaustiveForUnions: false }],
      "@typescript-eslint/consistent-type-imports": "error",
      // Numbers read well in texts.
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true }],
      // A generic that is named once still ties an argument to its caller's type.
      "@typescript-eslint/no-unnecessary-type-parameters": "off",
    },
  },
  // The rooms of the web SDK: each knows only those before it.
  ...[
    { room: "machine", unknown: ["lists", "api", "compat", "store"] },
    { room: "lists", unknown: ["api", "compat", "store"] },
    { room: "api", unknown: ["compat", "store"] },
  ].map(({ room, unknown }) => ({
    files: [`packages/chat/src/${room}/**`],
    rules: { "no-restricted-imports": ["error", { patterns: unknown.map((name) => `../${name}/*`) }] },
  })),
  {
    files: ["**/*.js"],
    languageOptions: {
      globals: {
        console: "readonly",
        process: "readonly",
        URL: "readonly",
        Buffer: "readonly",
        setTimeout: "readonly",
      },
    },
  },
  prettier,
);
