#!lua
-- Appends one frame of one producer, exactly once.
--
-- KEYS  1 log        stream
--       2 producers  hash: producer id -> "<last sequence> <last seen, seconds>"
-- ARGV  1 producer id
--       2 prev       the last sequence that the producer knows to be stored
--       3 first, 4 last   sequences of the frame's messages
--       5 frame
-- Reply { 1, last }     appended
--       { 2, stored }   duplicate: it was stored before
--       { 3, stored }   mismatch: the producer's view is not this log's; nothing appended
--
-- Invariant: the log holds each sequence of a producer at most once and in ascending order. Every branch writes, so
-- that a WAIT behind the script covers its answer. No `allow-oom`: under maxmemory publishing is what has to stop.
local row = redis.call('HGET', KEYS[2], ARGV[1])
local stored = 0
if row then stored = tonumber(string.match(row, '^%d+')) end
local prev, first, last = tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])

local outcome = 3
if stored >= last then
  outcome = 2
elseif stored == prev and first > stored then
  redis.call('XADD', KEYS[1], '*', 'p', ARGV[1], 'r', ARGV[2], 's', ARGV[3], 'n', string.format('%d', last - first + 1), 'f', ARGV[5])
  stored = last
  outcome = 1
end
redis.call('HSET', KEYS[2], ARGV[1], string.format('%.0f %s', stored, redis.call('TIME')[1]))
return { outcome, stored }
