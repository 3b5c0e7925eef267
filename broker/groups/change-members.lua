#!lua flags=allow-oom
-- Changes the members of a group and what each is to own, all or nothing.
--
-- KEYS  1 members     hash: generation, assignment, and for each member instance:<id>, member:<id>, beat:<id>, report:<id>
-- ARGV  1 generation  that the caller saw, or '0' where it saw none
--       2 assignment  JSON array: member id or null, by partition
--       3..           seat, id, instance, member (JSON), '' where the seat was free or the beat that the caller saw there
--                     free, id, beat that the caller saw there
-- Reply { 1 or 0, the hash (flat) }   1: changed, 0: something else was there than the caller saw, and nothing is written
--
-- A group without members leaves nothing behind.
--
-- Invariant: generations only grow, also when the hash was lost: the server's clock is the floor. Nobody who has shown
-- life since the caller looked is removed or replaced.
local stored = redis.call('HGET', KEYS[1], 'generation') or '0'
local sameAsSeen = stored == ARGV[1]
local i = 3
while i <= #ARGV do
  local seat = ARGV[i] == 'seat'
  local seen = seat and ARGV[i + 4] or ARGV[i + 2]
  if (redis.call('HGET', KEYS[1], 'beat:' .. ARGV[i + 1]) or '') ~= seen then sameAsSeen = false end
  i = i + (seat and 5 or 3)
end
if not sameAsSeen then return { 0, redis.call('HGETALL', KEYS[1]) } end
i = 3
while i <= #ARGV do
  local id = ARGV[i + 1]
  if ARGV[i] == 'seat' then
    redis.call('HSET', KEYS[1], 'instance:' .. id, ARGV[i + 2], 'member:' .. id, ARGV[i + 3])
    redis.call('HINCRBY', KEYS[1], 'beat:' .. id, 1)
    i = i + 5
  else
    redis.call('HDEL', KEYS[1], 'instance:' .. id, 'member:' .. id, 'beat:' .. id, 'report:' .. id)
    i = i + 3
  end
end
local now = redis.call('TIME')
local generation = string.format('%.0f', math.max(tonumber(stored) + 1, now[1] * 1000000 + now[2]))
redis.call('HSET', KEYS[1], 'generation', generation, 'assignment', ARGV[2])
local roster = redis.call('HGETALL', KEYS[1])
local hasMembers = false
for f = 1, #roster, 2 do
  if string.sub(roster[f], 1, 9) == 'instance:' then hasMembers = true end
end
if not hasMembers then redis.call('DEL', KEYS[1]) end
return { 1, roster }
