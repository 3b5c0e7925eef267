import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { findProgram } from './load/peer-servers.js';

/** Client libraries that contenders use, by a word of their labels. */
const CLIENTS: readonly (readonly [word: string, library: string])[] = [
  ['ioredis', 'ioredis'],
  ['broker', 'ioredis'],
  ['BullMQ', 'bullmq'],
  ['NATS', '@nats-io/jetstream'],
  ['RabbitMQ', 'amqplib'],
];

/** Versions of the libraries, and of the servers, that the contenders with these labels use. */
export async function peerVersions(labels: readonly string[]): Promise<Readonly<Record<string, string>>> {
  const versions: Record<string, string> = {};
  for (const [word, library] of CLIENTS) {
    if (labels.some((label) => label.includes(word))) versions[library] = await libraryVersion(library);
  }
  for (const [word, program, args] of SERVERS) {
    if (labels.some((label) => label.includes(word))) versions[program] = await serverVersion(program, args);
  }
  return versions;
}

const SERVERS = [
  ['NATS', 'nats-server', ['--version']],
  ['RabbitMQ', 'rabbitmqctl', ['version']],
] as const;

async function libraryVersion(name: string): Promise<string> {
  const text = await readFile(new URL(`../node_modules/${name}/package.json`, import.meta.url), 'utf8');
  return (JSON.parse(text) as { readonly version: string }).version;
}

async function serverVersion(program: 'nats-server' | 'rabbitmqctl', args: readonly string[]): Promise<string> {
  const path = await findProgram(program);
  if (path === undefined) return 'unknown';
  const { stdout } = await promisify(execFile)(path, [...args]);
  return stdout.match(/\d+\.\d+\.\d+/)?.[0] ?? stdout.trim();
}
