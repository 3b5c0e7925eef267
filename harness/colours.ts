import pc from 'picocolors';

export type Colours = ReturnType<typeof pc.createColors>;

/**
 * Colours for what is written to this stream: on a terminal, unless NO_COLOR says no or FORCE_COLOR says otherwise. Each
 * stream is asked for itself, since one of them may be a pipe; and a CI system is no terminal, whatever it shows.
 */
export function coloursOf(stream: { readonly isTTY?: boolean }, env: NodeJS.ProcessEnv = process.env): Colours {
  return pc.createColors(wantsColours(stream.isTTY === true, env));
}

function wantsColours(isTTY: boolean, env: NodeJS.ProcessEnv): boolean {
  if (env.NO_COLOR) return false;
  if (env.FORCE_COLOR) return !['0', 'false'].includes(env.FORCE_COLOR);
  return isTTY && env.TERM !== 'dumb';
}
