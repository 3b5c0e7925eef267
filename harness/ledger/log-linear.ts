/**
 * HdrHistogram's buckets: whole numbers below 2^(bits + 1) each have their own, above that every doubling has 2^bits.
 * With 10 bits they are those of an HDR histogram of 3 significant digits whose lowest value is 1.
 */
export function bucketOf(value: number, bits: number): number {
  if (value < 2 << bits) return value;
  const shift = 31 - Math.clz32(value) - bits;
  return (shift << bits) + (value >>> shift);
}

/** The highest value that falls into the bucket. */
export function highestIn(bucket: number, bits: number): number {
  if (bucket < 2 << bits) return bucket;
  const shift = (bucket >> bits) - 1;
  return (bucket - (shift << bits) + 1) * 2 ** shift - 1;
}

/** How many buckets values up to `highest` need. */
export function bucketCount(highest: number, bits: number): number {
  return bucketOf(highest, bits) + 1;
}
