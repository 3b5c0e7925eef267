import { describe, expect, it } from 'vitest';
import { referenceEndpoint } from '../../../../harness/drivers/reference-endpoint.js';

const nodes = [
  { name: 'redis-1', host: '127.0.0.1', port: 1 },
  { name: 'redis-2', host: '127.0.0.1', port: 2 },
];
const addresses = nodes.map(({ host, port }) => ({ host, port }));
const natMap = { '127.0.0.1:9': addresses[0]! };

describe('the broker is told', () => {
  it('one address, and how many replicas it has', () => {
    expect(referenceEndpoint({ redis: { topology: 'standalone', nodes } })).toEqual(addresses[0]);
    expect(referenceEndpoint({ redis: { topology: 'replicated', nodes, replicas: 1, natMap, password: 'p' } })).toEqual(
      {
        ...addresses[0],
        replicas: 1,
        password: 'p',
      },
    );
  });

  it('the Sentinels and the name of their master', () => {
    const sentinels = [{ name: 'sentinel-1', host: '127.0.0.1', port: 3 }];
    const sentinel = { master: 'gauntlet', nodes: sentinels };
    expect(referenceEndpoint({ redis: { topology: 'sentinel', nodes, sentinel, natMap } })).toEqual({
      sentinels: [{ host: '127.0.0.1', port: 3 }],
      master: 'gauntlet',
      natMap,
    });
  });

  it('the nodes of a cluster', () => {
    expect(referenceEndpoint({ redis: { topology: 'cluster', nodes, natMap, username: 'u' } })).toEqual({
      cluster: addresses,
      natMap,
      username: 'u',
    });
  });
});
