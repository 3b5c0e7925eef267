import { mkdtemp, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compareVersions, TOXIPROXY_VERSION } from './binary.js';
import { placeInCache } from './place-in-cache.js';
import { runCommand } from './run-command.js';
import { findOnPath, type SearchContext } from './search-context.js';

const GO_MIN_VERSION = '1.23';
const PACKAGE = `github.com/Shopify/toxiproxy/v2/cmd/server@v${TOXIPROXY_VERSION}`;
const QUERY_DEADLINE_MS = 30_000;
const BUILD_DEADLINE_MS = 600_000;

/** Builds the pinned version into the cache. Go verifies the source against its checksum database. */
export async function goInstallToxiproxy(context: SearchContext): Promise<string> {
  const { env, cacheDir, log, signal } = context;
  const go = await findOnPath('go', env);
  if (go === undefined) throw new Error('Go is not installed');
  const output = await runCommand(go, ['version'], { env, deadlineMs: QUERY_DEADLINE_MS }, signal);
  const version = /go version go(\d+(?:\.\d+)*)/.exec(output)?.[1];
  if (version === undefined || compareVersions(version, GO_MIN_VERSION) < 0) {
    throw new Error(`${go} is Go ${version ?? 'of unknown version'}; ${GO_MIN_VERSION} or later is needed`);
  }
  log(`go install: building ${PACKAGE} with Go ${version}; this can take a minute.`);
  return placeInCache(cacheDir, 'toxiproxy-server', async (draft) => {
    // A folder of our own: the program is called `server`, which might be somebody's in the usual place.
    const bin = `${draft}.gobin`;
    // Outside any module, whose settings would count.
    const cwd = await mkdtemp(join(tmpdir(), 'gauntlet-go-'));
    try {
      const buildEnv = { ...env, GOBIN: bin, GOFLAGS: '', GOWORK: 'off' };
      await runCommand(go, ['install', PACKAGE], { env: buildEnv, deadlineMs: BUILD_DEADLINE_MS, cwd }, signal);
      await rename(join(bin, 'server'), draft);
    } finally {
      await rm(cwd, { recursive: true, force: true });
    }
  });
}
