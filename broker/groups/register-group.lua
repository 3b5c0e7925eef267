#!lua flags=allow-oom
-- Registers a group on one partition: from here on the log keeps what the group has not settled.
--
-- KEYS  1 groups    hash: group -> registration time, seconds
--       2 position  hash: low, entries, and a bitmap for each entry above low
--       3 lease     hash: deleted (see delete-group.lua)
-- ARGV  1 group
-- Reply 1 registered now, 0 it was already
--
-- Invariant: a registered group has a position. Always writes, also what is there already, so that a WAIT behind the
-- script covers its answer.
if redis.call('HDEL', KEYS[3], 'deleted') == 1 then redis.call('PERSIST', KEYS[3]) end
local since = redis.call('HGET', KEYS[1], ARGV[1])
redis.call('HSETNX', KEYS[2], 'low', '0-0')
redis.call('HSET', KEYS[1], ARGV[1], since or redis.call('TIME')[1])
return since and 0 or 1
