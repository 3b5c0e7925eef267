/** From here on something is said at all. */
export const CONFIDENT = 0.99;

/**
 * 1 - p, p corrected for how often chance had an opportunity (Bonferroni): `comparisons` values that were compared, once for each
 * doubling of what has been observed, since the question is asked again and again while more comes in.
 */
export function confidenceOf(p: number, comparisons: number, observed: number): number {
  const looks = 1 + Math.log2(Math.max(1, observed));
  return 1 - Math.min(1, p * Math.max(1, comparisons) * looks);
}

/**
 * Of two samples of `n` and `m`, in which `a` and `b` have a property: the probability that the first has at least `a` of all
 * of them if nothing tells the two apart. One-sided exact test (Fisher, "The Design of Experiments", 1935).
 */
export function fisherTail(a: number, n: number, b: number, m: number): number {
  const hits = a + b;
  const all = n + m;
  if (a <= 0) return 1;
  const whole = logChoose(all, n);
  let sum = 0;
  for (let x = a; x <= Math.min(n, hits); x++) {
    const term = Math.exp(logChoose(hits, x) + logChoose(all - hits, n - x) - whole);
    sum += term;
    if (term < sum * 1e-9) break;
  }
  return Math.min(1, sum);
}

/**
 * Bound of the probability that a share of `share` or further off `expected`, on its side, comes up among `n`:
 * exp(-n KL(share, expected)) (Chernoff, 1952; Hoeffding, 1963, theorem 1).
 */
export function chernoffTail(n: number, share: number, expected: number): number {
  if (n <= 0 || share === expected) return 1;
  if (expected <= 0 || expected >= 1) return 0;
  const term = (x: number, y: number) => (x <= 0 ? 0 : x * Math.log(x / y));
  return Math.exp(-n * (term(share, expected) + term(1 - share, 1 - expected)));
}

/** Bound of P(Z > z) of the normal distribution. */
export function normalTail(z: number): number {
  return z <= 0 ? 1 : 0.5 * Math.exp((-z * z) / 2);
}

function logChoose(n: number, k: number): number {
  return k < 0 || k > n ? Number.NEGATIVE_INFINITY : logFactorial(n) - logFactorial(k) - logFactorial(n - k);
}

const TABLE = [0];
for (let i = 1; i < 64; i++) TABLE.push(TABLE[i - 1]! + Math.log(i));

/** Stirling's series where the table ends: 12 digits. */
function logFactorial(n: number): number {
  if (n < TABLE.length) return TABLE[n]!;
  return n * Math.log(n) - n + 0.5 * Math.log(2 * Math.PI * n) + 1 / (12 * n) - 1 / (360 * n ** 3);
}
