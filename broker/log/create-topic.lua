#!lua flags=allow-oom
-- Creates a topic, or tells how many partitions it has.
--
-- KEYS  1 topic       hash: partitions
-- ARGV  1 partitions
-- Reply partitions of the topic
--
-- Invariant: the number of partitions never changes.
redis.call('HSETNX', KEYS[1], 'partitions', ARGV[1])
return tonumber(redis.call('HGET', KEYS[1], 'partitions'))
