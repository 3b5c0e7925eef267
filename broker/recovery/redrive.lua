#!lua flags=allow-oom
-- Puts dead letters, or what lies in quarantine, back among the retries of their group, with a fresh budget of attempts.
--
-- KEYS  1 dead letters or quarantine  stream
--       2 retry         hash: <entry>:<index> -> "<failed attempts> <row>"
--       3 redriven      sorted set: <entry>:<index>, by the number of its redrive; see redriven.ts
--       4 lease         hash: redriven, the number of the last redrive; see acquire.lua
--       5 groups        hash: group -> registration time, seconds
--       6 call          string: what was replied to this very call
-- ARGV  1 group
--       2 most retries of the partition
--       3 how long the call is remembered, ms
--       then for each: entry of the stream, "<failed attempts> <row>" with at least one attempt
-- Reply for each: 1 put back, 0 not there any more, -1 its message is among the retries already, -3 there are too many
--       retries, and nothing is written; { -2 }: there is no such group
--
-- Invariants: a message is moved, never copied: of two who redrive it at once the second finds nothing. A call that is sent
-- again, because its reply was lost or too few replicas confirmed it, is answered as it was the first time, and writes
-- something, for WAIT to confirm. The owner learns of it with its next renewal (renew.lua), which tells the number; an heir
-- finds the row among the retries.
local known = redis.call('GET', KEYS[6])
if known then
  redis.call('PEXPIRE', KEYS[6], ARGV[3])
  local replies = {}
  for code in string.gmatch(known, '%S+') do replies[#replies + 1] = tonumber(code) end
  return replies
end
if redis.call('HEXISTS', KEYS[5], ARGV[1]) == 0 then return { -2 } end
local replies = {}
local room = tonumber(ARGV[2]) - redis.call('HLEN', KEYS[2])
local number
for i = 4, #ARGV, 2 do
  local entry = redis.call('XRANGE', KEYS[1], ARGV[i], ARGV[i])[1]
  local reply = 0
  if entry and room <= 0 then
    reply = -3
  elseif entry then
    local values = {}
    for f = 1, #entry[2], 2 do values[entry[2][f]] = entry[2][f + 1] end
    reply = redis.call('HSETNX', KEYS[2], values.position, ARGV[i + 1] .. values.message)
    if reply == 0 then
      reply = -1
    else
      room = room - 1
      number = number or redis.call('HINCRBY', KEYS[4], 'redriven', 1)
      redis.call('ZADD', KEYS[3], number, values.position)
      redis.call('XDEL', KEYS[1], ARGV[i])
    end
  end
  replies[#replies + 1] = reply
end
if number then redis.call('SET', KEYS[6], table.concat(replies, ' '), 'PX', ARGV[3]) end
return replies
