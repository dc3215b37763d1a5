import vue from "@vitejs/plugin-vue";
import { defineConfig } from "vite";

export default defineConfig({
  plugins: [vue()],
  // The whole move to Lamplight.
  resolve: { alias: { "@tencentcloud/chat": process.env.LAMPLIGHT_COMPAT ?? "@lamplight/chat/compat" } },
  build: { outDir: process.env.OUT_DIR, emptyOutDir: true, minify: false },
  logLevel: "warn",
});
