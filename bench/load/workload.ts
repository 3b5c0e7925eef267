/** What all contenders carry, unless a benchmark is about it. */
export const PARTITIONS = 16;
export const KEYS = 1000;
export const PAYLOAD_BYTES = 1024;
