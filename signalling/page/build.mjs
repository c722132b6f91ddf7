// Builds the player page into the folder given as the first argument (default: dist beside this file).
import { build } from 'esbuild';
import { cp, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { constants, gzipSync } from 'node:zlib';

const here = path.dirname(fileURLToPath(import.meta.url));
const out = path.resolve(process.argv[2] ?? path.join(here, 'dist'));

await mkdir(out, { recursive: true });
await cp(path.join(here, 'static'), out, { recursive: true });
await build({
    absWorkingDir: here,
    entryPoints: ['src/player.ts'],
    outdir: out,
    bundle: true,
    minify: true,
    format: 'esm',
    target: ['es2022', 'safari15.4'],
    legalComments: 'linked',
    logLevel: 'warning',
});
for (const name of await readdir(out)) {
    if (/\.(html|js|css|svg)$/.test(name)) {
        const body = await readFile(path.join(out, name));
        await writeFile(path.join(out, `${name}.gz`), gzipSync(body, { level: constants.Z_BEST_COMPRESSION }));
    }
}
