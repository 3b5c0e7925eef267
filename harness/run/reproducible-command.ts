/** What a POSIX shell passes on as it stands. */
const PLAIN = /^[\w@%+=:,./-]+$/;

/** The command line that repeats a run, for reports: quoted for a shell, and passwords in URLs masked. */
export function reproducibleCommand(args: readonly string[]): string {
  return ['gauntlet', ...args.map((arg) => quoted(masked(arg)))].join(' ');
}

/** `redis://user:secret@host` becomes `redis://user:***@host`. */
function masked(arg: string): string {
  return arg.replace(/([a-z][a-z0-9+.-]*:\/\/[^\s:/@]*):[^\s/@]*@/gi, '$1:***@');
}

function quoted(arg: string): string {
  return PLAIN.test(arg) ? arg : `'${arg.replaceAll("'", "'\\''")}'`;
}
