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
const bundle = await build({
    absWorkingDir: here,
    entryPoints: ['src/player.ts'],
    outdir: out,
    bundle: true,
    minify: true,
    format: 'esm',
    target: ['es2022', 'safari15.4'],
    legalComments: 'none',
    metafile: true,
    logLevel: 'warning',
});
await writeFile(path.join(out, 'third-party.txt'), await notices(Object.keys(bundle.metafile.inputs)));
for (const name of await readdir(out)) {
    if (/\.(html|js|css|svg|txt)$/.test(name)) {
        const body = await readFile(path.join(out, name));
        await writeFile(path.join(out, `${name}.gz`), gzipSync(body, { level: constants.Z_BEST_COMPRESSION }));
    }
}

/** Says whose work is in the bundle, and under which licence, as each package says it. */
async function notices(inputs) {
    const packages = new Set(inputs.map((file) => /^node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file)?.[0]).filter(Boolean));
    const texts = [...packages].sort().map(async (folder) => {
        const about = JSON.parse(await readFile(path.join(here, folder, 'package.json'), 'utf8'));
        const author = typeof about.author === 'object' ? about.author.name : about.author;
        const licence = (await readdir(path.join(here, folder))).find((name) => /^licen[cs]e/i.test(name));
        const terms = licence ? await readFile(path.join(here, folder, licence), 'utf8') : '';
        return `${about.name} ${about.version}\nCopyright ${author}\nLicence: ${about.license}\n${terms}`;
    });
    return (await Promise.all(texts)).join('\n----\n');
}
