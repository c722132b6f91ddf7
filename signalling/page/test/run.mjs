// Bundles the tests with what they test, and runs them with Node's own runner.
import { build } from 'esbuild';
import { spawnSync } from 'node:child_process';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const here = path.dirname(fileURLToPath(import.meta.url));
const out = await mkdtemp(path.join(os.tmpdir(), 'page-test-'));
try {
    const tests = (await readdir(here)).filter((name) => name.endsWith('.test.mjs'));
    await build({
        absWorkingDir: here,
        entryPoints: tests,
        outdir: out,
        outExtension: { '.js': '.mjs' },
        bundle: true,
        platform: 'node',
        format: 'esm',
        logLevel: 'warning',
    });
    const files = tests.map((name) => path.join(out, name));
    process.exitCode = spawnSync(process.execPath, ['--test', ...files], { stdio: 'inherit' }).status ?? 1;
} finally {
    await rm(out, { recursive: true });
}
