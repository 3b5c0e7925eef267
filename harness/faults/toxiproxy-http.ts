import { HttpClient, type HttpResponse } from 'toxiproxy-node-client/dist/HttpClient.js';
import { FaultError } from './fault-error.js';

/** An error that Toxiproxy answered with. */
export class ToxiproxyRefusal extends FaultError {
  readonly status: number;
  constructor(status: number, message: string) {
    super('toxiproxy-refused', message);
    this.status = status;
  }
}

/**
 * The transport below toxiproxy-node-client, with what its own lacks: a deadline that also closes the socket (a request
 * left hanging would keep the process alive), and the server's own words in errors.
 */
export class ToxiproxyHttp extends HttpClient {
  readonly #deadlineMs: number;

  constructor(deadlineMs: number) {
    super();
    this.#deadlineMs = deadlineMs;
  }

  override async get<T>(url: string): Promise<HttpResponse<T>> {
    return { data: parse<T>(await this.#send('GET', url)) };
  }

  override async post<T>(url: string, body?: unknown): Promise<HttpResponse<T>> {
    return { data: parse<T>(await this.#send('POST', url, body)) };
  }

  override async delete(url: string): Promise<void> {
    await this.#send('DELETE', url);
  }

  override async getText(url: string): Promise<string> {
    return await this.#send('GET', url);
  }

  async #send(method: string, url: string, body?: unknown): Promise<string> {
    const init: RequestInit = { method, signal: AbortSignal.timeout(this.#deadlineMs) };
    if (body !== undefined) {
      init.body = JSON.stringify(body);
      init.headers = { 'Content-Type': 'application/json' };
    }
    const call = `${method} ${url}`;
    let status: number;
    let text: string;
    try {
      const response = await fetch(url, init);
      status = response.status;
      text = await response.text();
    } catch (cause) {
      if (cause instanceof Error && cause.name === 'TimeoutError') {
        throw new FaultError('toxiproxy-timeout', `Toxiproxy did not answer ${call} within ${this.#deadlineMs} ms`, {
          cause,
        });
      }
      throw new FaultError('toxiproxy-unreachable', `Toxiproxy cannot be reached for ${call}: is it running?`, {
        cause,
      });
    }
    // 503 is Toxiproxy's own 25 s limit on a request that hangs inside it.
    if (status === 503) throw new FaultError('toxiproxy-timeout', `Toxiproxy gave up on ${call}: ${text}`);
    if (status >= 400) throw new ToxiproxyRefusal(status, `Toxiproxy refused ${call} with ${status}: ${text}`);
    return text;
  }
}

function parse<T>(text: string): T {
  return (text === '' ? undefined : JSON.parse(text)) as T;
}
