#!lua flags=allow-oom
-- Records what an owner has settled in one partition: position, retries, dead letters, quarantine. All or, for a stale
-- owner, nothing.
--
-- KEYS  1 lease        hash: owner, token, count, duration (ms), history; kill:<entry>:<index> (see acquire.lua)
--       2 position     hash: low, entries, and a bitmap for each entry above low (byte i/8, bit i%8 = message i is settled)
--       3 retry        hash: <entry>:<index> -> "<failed attempts> <row>"
--       4 dead letters stream
--       5 quarantine   stream
-- ARGV  1 owner, 2 token
--       3 low          all entries up to it are settled in full
--       4 entries      how many those are, since the group began
--       5 b            number of bitmaps, then for each: entry, bitmap
--       . f            number of entries at or below low whose bitmap goes, then for each: entry
--       . t            number of transitions, then for each: kind, entry, index, attempt, row, message
--           kind       retry | done | dead | quarantine
--           attempt    0: the message comes from the log; else failed attempts in its retry row
--           row        of retry: "<failed attempts> <row>"; of dead and quarantine: evidence
-- Reply { 1, refused }  recorded; number of transitions that did not match what is stored, and wrote nothing
--       { 0, owner, token }  the tenure is over: the lease is another one's, is gone ('', '0'), or is the caller's from
--                       another history; nothing recorded
--
-- Invariant: low only grows and bits are only added. Each transition is a compare-and-set (from the log: above low and
-- its bit clear; from retry: the row has the expected attempt), so that the same call may be sent again after an
-- unknown outcome.
local lease = redis.call('HMGET', KEYS[1], 'owner', 'token', 'history')
local history = string.match(redis.call('INFO', 'replication'), 'master_replid:(%w+)')
if lease[1] ~= ARGV[1] or lease[2] ~= ARGV[2] or lease[3] ~= history then
  return { 0, lease[1] or '', lease[2] or '0' }
end

local function after(a, b)
  local ams, aseq = string.match(a, '^(%d+)-(%d+)$')
  local bms, bseq = string.match(b, '^(%d+)-(%d+)$')
  ams, bms = tonumber(ams), tonumber(bms)
  if ams ~= bms then return ams > bms end
  return tonumber(aseq) > tonumber(bseq)
end

local low = redis.call('HGET', KEYS[2], 'low') or '0-0'

local function in_log(entry, index)
  if not after(entry, low) then return false end
  local bitmap = redis.call('HGET', KEYS[2], entry)
  if not bitmap then return true end
  local byte = string.byte(bitmap, math.floor(index / 8) + 1) or 0
  return math.floor(byte / 2 ^ (index % 8)) % 2 == 0
end

local function merged(a, b)
  local bytes = {}
  for i = 1, math.max(#a, #b) do
    bytes[i] = string.char(bit.bor(string.byte(a, i) or 0, string.byte(b, i) or 0))
  end
  return table.concat(bytes)
end

local bitmaps = 5
local forgotten = bitmaps + 2 * tonumber(ARGV[bitmaps]) + 1
local transitions = forgotten + tonumber(ARGV[forgotten]) + 1

local refused = 0
for i = transitions + 1, transitions + 6 * tonumber(ARGV[transitions]), 6 do
  local kind, entry, index, attempt = ARGV[i], ARGV[i + 1], ARGV[i + 2], ARGV[i + 3]
  local field = entry .. ':' .. index
  local matches
  if attempt == '0' then
    matches = in_log(entry, tonumber(index)) and redis.call('HEXISTS', KEYS[3], field) == 0
  else
    local row = redis.call('HGET', KEYS[3], field)
    matches = row and string.match(row, '^%d+') == attempt
  end
  if not matches then
    refused = refused + 1
  elseif kind == 'retry' then
    redis.call('HSET', KEYS[3], field, ARGV[i + 4] .. ARGV[i + 5])
  else
    redis.call('HDEL', KEYS[3], field)
    redis.call('HDEL', KEYS[1], 'kill:' .. field)
    if kind == 'dead' then
      redis.call('XADD', KEYS[4], '*', 'position', field, 'evidence', ARGV[i + 4], 'message', ARGV[i + 5])
    elseif kind == 'quarantine' then
      redis.call('XADD', KEYS[5], '*', 'position', field, 'evidence', ARGV[i + 4], 'message', ARGV[i + 5])
    end
  end
end

for i = bitmaps + 1, forgotten - 1, 2 do
  if after(ARGV[i], low) then
    local stored = redis.call('HGET', KEYS[2], ARGV[i])
    redis.call('HSET', KEYS[2], ARGV[i], stored and merged(stored, ARGV[i + 1]) or ARGV[i + 1])
  end
end
if after(ARGV[3], low) then
  redis.call('HSET', KEYS[2], 'low', ARGV[3], 'entries', ARGV[4])
end
for i = forgotten + 1, transitions - 1 do
  redis.call('HDEL', KEYS[2], ARGV[i])
end
return { 1, refused }
