#!lua flags=allow-oom
-- Registers a group on one partition: from here on the log keeps what the group has not settled.
--
-- KEYS  1 groups    hash: group -> registration time, seconds
--       2 position  hash: low, and a bitmap for each entry above it
-- ARGV  1 group
-- Reply 1 registered now, 0 it was already
--
-- Invariant: a registered group has a position.
redis.call('HSETNX', KEYS[2], 'low', '0-0')
return redis.call('HSETNX', KEYS[1], ARGV[1], redis.call('TIME')[1])
