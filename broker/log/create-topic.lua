#!lua flags=allow-oom
-- Creates a topic, or tells how many partitions it has.
--
-- KEYS  1 topic       hash: partitions
-- ARGV  1 partitions
-- Reply partitions of the topic
--
-- Invariant: the number of partitions never changes. It is written in any case, so that a WAIT behind the script covers it.
local partitions = redis.call('HGET', KEYS[1], 'partitions') or ARGV[1]
redis.call('HSET', KEYS[1], 'partitions', partitions)
return tonumber(partitions)
