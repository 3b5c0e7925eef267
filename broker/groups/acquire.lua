#!lua flags=allow-oom
-- Makes the caller the owner of one partition for a group, and tells it where the group stands.
--
-- KEYS  1 groups    hash: group -> registration time, seconds
--       2 lease     hash: owner, token
--       3 position  hash: low, and a bitmap for each entry above it
--       4 retry     hash: <entry>:<index> -> retry row
-- ARGV  1 group
--       2 owner
-- Reply { token, position (flat), retry rows (flat) }
--
-- Invariant: tokens of a partition only grow, also when the row was lost: the server's clock is the floor. Whoever
-- acquired last owns; every script of an owner compares owner and token.
redis.call('HSETNX', KEYS[3], 'low', '0-0')
redis.call('HSETNX', KEYS[1], ARGV[1], redis.call('TIME')[1])
local stored = tonumber(redis.call('HGET', KEYS[2], 'token') or '0')
local now = redis.call('TIME')
local token = string.format('%.0f', math.max(stored + 1, now[1] * 1000000 + now[2]))
redis.call('HSET', KEYS[2], 'owner', ARGV[2], 'token', token)
return { token, redis.call('HGETALL', KEYS[3]), redis.call('HGETALL', KEYS[4]) }
