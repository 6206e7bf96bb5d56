import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { brotliCompress, gzip } from "node:zlib";

import { defineConfig, type Plugin } from "vite";

const NAME = "biometry-scanner.js";
/** What the component may weigh, gzipped. */
const MAX_BYTES = 40_000;

/** Beside the file the same in `.br` and `.gz`, as the gateway serves it. */
function compressed(): Plugin {
  return {
    name: "compressed",
    apply: "build",
    async writeBundle({ dir = "dist" }) {
      const path = join(dir, NAME);
      const bytes = await readFile(path);
      const small = await promisify(gzip)(bytes, { level: 9 });
      if (small.length >= MAX_BYTES) throw new Error(`${NAME} has ${small.length} bytes gzipped, at most ${MAX_BYTES}`);
      await writeFile(`${path}.gz`, small);
      await writeFile(`${path}.br`, await promisify(brotliCompress)(bytes));
      console.log(`${NAME}: ${(small.length / 1000).toFixed(1)} kB gzipped`);
    },
  };
}

export default defineConfig({
  plugins: [compressed()],
  build: {
    target: "es2022",
    // The declarations lie in the same folder and are written before.
    emptyOutDir: false,
    lib: { entry: "src/index.ts", formats: ["es"], fileName: () => NAME },
  },
});
