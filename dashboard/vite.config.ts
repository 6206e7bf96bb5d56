import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { brotliCompress, gzip } from "node:zlib";

import react from "@vitejs/plugin-react";
import { defineConfig, type Plugin } from "vite";

/** Where `npm run dev` finds the API. */
const server = process.env["BIOMETRY_URL"] ?? "http://127.0.0.1:8080";
const api = { target: server, changeOrigin: false };

/** Beside each text file the same in `.br` and `.gz`, so that the server compresses nothing. */
function compressed(): Plugin {
  return {
    name: "compressed",
    apply: "build",
    async writeBundle({ dir = "dist" }) {
      const files = (await readdir(dir, { recursive: true })).filter((name) => /\.(js|css|html|svg)$/.test(name));
      for (const name of files) {
        const path = join(dir, name);
        const bytes = await readFile(path);
        await writeFile(`${path}.gz`, await promisify(gzip)(bytes, { level: 9 }));
        await writeFile(`${path}.br`, await promisify(brotliCompress)(bytes));
      }
    },
  };
}

export default defineConfig({
  base: "/dashboard/",
  plugins: [react(), compressed()],
  // The server puts a nonce of its own in its place with each page, for the style elements that the components make.
  html: { cspNonce: "__STYLE_NONCE__" },
  // The policy of the pages allows no data: scripts, and few inlined bytes are worth a longer first page.
  build: {
    target: "es2022",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 600,
    // What every page needs, what the sign-in page needs besides, and what the shell shares with it, in one file each: few
    // requests before the first paint.
    rolldownOptions: {
      output: {
        codeSplitting: {
          groups: [
            { name: "initial", tags: ["$initial"], priority: 1 },
            { name: "common", test: /@mantine[\\/].*[\\/](ActionIcon|Image|Paper|use-uncontrolled)\b/, priority: 0.5 },
            { name: "sign-in", test: /sign-in[\\/]sign-in/ },
          ],
        },
      },
    },
  },
  server: {
    host: "127.0.0.1",
    proxy: Object.fromEntries(
      [
        "/api-auth",
        "/api-projects",
        "/api-transactions",
        "/api-gateway",
        "/api-consent",
        "/healthz",
        "/readyz",
        "/sdk",
      ].map((path) => [path, api]),
    ),
  },
});
