#!lua flags=allow-oom
-- Shows that a member lives, and tells who else does.
--
-- KEYS  1 members  hash: generation, assignment, and for each member instance:<id>, member:<id>, beat:<id>, report:<id>
-- ARGV  1 member, 2 instance, 3 report (JSON)
-- Reply the hash (flat)
--
-- Invariant: only the instance that holds the seat beats: one that was replaced or removed learns it from the reply.
if redis.call('HGET', KEYS[1], 'instance:' .. ARGV[1]) == ARGV[2] then
  redis.call('HINCRBY', KEYS[1], 'beat:' .. ARGV[1], 1)
  redis.call('HSET', KEYS[1], 'report:' .. ARGV[1], ARGV[3])
end
return redis.call('HGETALL', KEYS[1])
