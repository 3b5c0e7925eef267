import { describe, expect, it } from 'vitest';
import { compareVersions, versionProblem } from '../../../../../harness/environment/binaries/binary.js';
import { parseVersion } from '../../../../../harness/environment/binaries/inspect.js';
import { cacheFolder } from '../../../../../harness/environment/binaries/search-context.js';
import { publishedChecksum, releaseAsset } from '../../../../../harness/environment/binaries/toxiproxy-release.js';

describe('versions', () => {
  it.each([
    ['7.0.15', '7.0.0', 1],
    ['6.2.14', '7.0.0', -1],
    ['7.0', '7.0.0', 0],
    ['1.9', '1.23', -1],
    ['10.0.0', '9.9.9', 1],
  ])('compares %s with %s', (a, b, sign) => expect(Math.sign(compareVersions(a, b))).toBe(sign));

  it('wants Redis 7 or later and exactly the pinned Toxiproxy', () => {
    expect(versionProblem('redis-server', '8.2.1')).toBeUndefined();
    expect(versionProblem('redis-server', '6.0.16')).toBe('is 6.0.16; 7.0.0 or later is needed');
    expect(versionProblem('toxiproxy-server', '2.12.0')).toBeUndefined();
    expect(versionProblem('toxiproxy-server', '2.5.0')).toBe('is 2.5.0; 2.12.0 is needed');
  });

  it.each([
    ['redis-server', 'Redis server v=7.0.15 sha=00000000:0 malloc=jemalloc-5.3.0 bits=64 build=ae4d7c97', '7.0.15'],
    ['redis-server', 'Valkey server v=8.0.1 sha=00000000:0 malloc=jemalloc-5.3.0 bits=64 build=39f7c371', '8.0.1'],
    ['redis-cli', 'valkey-cli 8.0.1', '8.0.1'],
    ['redis-sentinel', 'Redis server v=7.4.1 sha=0 malloc=libc bits=64 build=0', '7.4.1'],
    ['redis-cli', 'redis-cli 7.0.15', '7.0.15'],
    ['toxiproxy-server', 'toxiproxy-server version 2.12.0\n', '2.12.0'],
    ['toxiproxy-server', 'toxiproxy-server version git\n', undefined],
    ['redis-server', 'ls (GNU coreutils) 9.1', undefined],
  ] as const)('reads what %s says: %s', (name, output, version) => expect(parseVersion(name, output)).toBe(version));
});

describe('the release', () => {
  it.each([
    ['linux', 'x64', 'toxiproxy-server-linux-amd64'],
    ['linux', 'arm64', 'toxiproxy-server-linux-arm64'],
    ['linux', 'arm', 'toxiproxy-server-linux-armv6'],
    ['darwin', 'arm64', 'toxiproxy-server-darwin-arm64'],
    ['linux', 's390x', undefined],
    ['win32', 'x64', undefined],
  ] as const)('has for %s on %s: %s', (platform, arch, asset) => expect(releaseAsset(platform, arch)).toBe(asset));

  it('finds the checksum of one file, and of no other', () => {
    const hash = 'a'.repeat(64);
    const text = `${'b'.repeat(64)}  toxiproxy-server-linux-amd64.deb\n${hash}  toxiproxy-server-linux-amd64\n`;
    expect(publishedChecksum(text, 'toxiproxy-server-linux-amd64')).toBe(hash);
    expect(publishedChecksum(text, 'toxiproxy-server-linux-arm64')).toBeUndefined();
    expect(publishedChecksum('<html>Not Found</html>', 'toxiproxy-server-linux-amd64')).toBeUndefined();
    expect(publishedChecksum('abc  toxiproxy-server-linux-amd64', 'toxiproxy-server-linux-amd64')).toBeUndefined();
  });
});

it('keeps its cache where it is told to', () => {
  expect(cacheFolder({ GAUNTLET_CACHE: '/g', XDG_CACHE_HOME: '/x' })).toBe('/g');
  expect(cacheFolder({ XDG_CACHE_HOME: '/x' })).toBe('/x/gauntlet');
  expect(cacheFolder({})).toMatch(/\/\.cache\/gauntlet$/);
});
