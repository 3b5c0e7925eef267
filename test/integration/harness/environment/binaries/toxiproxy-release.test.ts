import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { downloadToxiproxy, releaseAsset } from '../../../../../harness/environment/binaries/toxiproxy-release.js';
import { openProgramFolder, type ProgramFolder } from '../../../../fixtures/program-folder.js';

const asset = releaseAsset(process.platform, process.arch) ?? '';
const program = `#!${process.execPath}\nconsole.log('toxiproxy-server version 2.12.0')\n`;
const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

interface Release extends AsyncDisposable {
  readonly url: string;
  readonly requests: readonly string[];
}

/** The folder of a release, on a server of its own. */
async function publish(files: Readonly<Record<string, string>>, answer?: RequestListener): Promise<Release> {
  const requests: string[] = [];
  const server = createServer((request, response) => {
    requests.push(request.url ?? '');
    if (answer !== undefined) return answer(request, response);
    const content = files[(request.url ?? '').slice('/v2.12.0/'.length)];
    response.writeHead(content === undefined ? 404 : 200).end(content);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v2.12.0`,
    requests,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const { signal } = new AbortController();
const download = (folder: ProgramFolder, release: Release) => downloadToxiproxy({ ...folder, signal }, release.url);
const inCache = (folder: ProgramFolder) => {
  const bin = join(folder.cacheDir, 'bin');
  return existsSync(bin) ? readdirSync(bin) : [];
};

describe('downloadToxiproxy', () => {
  it('takes a file whose checksum is the published one', async () => {
    await using folder = await openProgramFolder();
    await using release = await publish({ [asset]: program, 'checksums.txt': `${sha256(program)}  ${asset}\n` });
    const path = await download(folder, release);
    expect(path).toBe(join(folder.cacheDir, 'bin', 'toxiproxy-server'));
    expect(readFileSync(path, 'utf8')).toBe(program);
    expect(release.requests).toEqual(['/v2.12.0/checksums.txt', `/v2.12.0/${asset}`]);
    expect(inCache(folder)).toEqual(['toxiproxy-server']);
  });

  it('refuses a file with another checksum, and never runs it', async () => {
    await using folder = await openProgramFolder();
    const marker = join(folder.cacheDir, 'it-ran');
    const evil = `#!${process.execPath}\nrequire('fs').writeFileSync(${JSON.stringify(marker)}, '')\n`;
    await using release = await publish({ [asset]: evil, 'checksums.txt': `${sha256(program)}  ${asset}\n` });
    await expect(download(folder, release)).rejects.toThrow(
      `its SHA-256 is ${sha256(evil)}, published is ${sha256(program)}`,
    );
    expect(inCache(folder)).toEqual([]);
    expect(existsSync(marker)).toBe(false);
  });

  it('refuses a release that publishes no checksum for the file', async () => {
    await using folder = await openProgramFolder();
    await using release = await publish({ [asset]: program, 'checksums.txt': `${sha256(program)}  another\n` });
    await expect(download(folder, release)).rejects.toThrow(`checksums.txt does not list ${asset}`);
    expect(release.requests).toEqual(['/v2.12.0/checksums.txt']);
  });

  it('refuses a file that does not run, though its checksum is right', async () => {
    await using folder = await openProgramFolder();
    const text = 'not a program';
    await using release = await publish({ [asset]: text, 'checksums.txt': `${sha256(text)}  ${asset}\n` });
    await expect(download(folder, release)).rejects.toThrow();
    expect(inCache(folder)).toEqual([]);
  });

  it('says which address failed', async () => {
    await using folder = await openProgramFolder();
    await using release = await publish({});
    await expect(download(folder, release)).rejects.toThrow(`${release.url}/checksums.txt: answer 404`);
    const gone = { ...release, url: 'http://127.0.0.1:1/v2.12.0' };
    await expect(download(folder, gone)).rejects.toThrow('http://127.0.0.1:1/v2.12.0/checksums.txt: ');
  });

  it('gives up a server that never answers when it is told to', async () => {
    await using folder = await openProgramFolder();
    const abort = new AbortController();
    await using release = await publish({}, () => abort.abort(new Error('enough')));
    await expect(downloadToxiproxy({ ...folder, signal: abort.signal }, release.url)).rejects.toThrow('enough');
  });

  it('may run several times at once', async () => {
    await using folder = await openProgramFolder();
    await using release = await publish({ [asset]: program, 'checksums.txt': `${sha256(program)}  ${asset}\n` });
    const paths = await Promise.all([1, 2, 3].map(() => download(folder, release)));
    expect(new Set(paths).size).toBe(1);
    expect(inCache(folder)).toEqual(['toxiproxy-server']);
  });
});
