#!lua
-- Appends one frame of one producer, exactly once.
--
-- KEYS  1 log        stream
--       2 producers  hash: producer id -> "<last sequence> <last seen, seconds>[ <skip of the last frame>]";
--                    `bytes`: of all frames ever appended; `trimmed`: of those that left the log (see trim.lua)
--       3 dedup      prefix of the sets of application ids: <slice length, ms>:<slice>; only with ARGV 7 to 9
-- ARGV  1 producer id
--       2 the log's limit in bytes of frames
--       3 prev       the last sequence that the producer knows to be stored
--       4 first, 5 last   sequences of the frame's messages
--       6 frame
--       7 slice length, ms: a quarter of the window
--       8 application ids that the window may hold at most
--       9 hashes of application ids, each: index of the message (u16, big-endian), 16 bytes
-- Reply { 1, last, skip }     appended; skip: "0,5", the indexes whose application id is known already, or ''
--       { 2, stored, skip }   duplicate: it was stored before; skip as then, where it was the last frame
--       { 3, stored, '' }     mismatch: the producer's view is not this log's; nothing appended
--       { 4, stored, '' }     the log is full; nothing appended
--       { 5, stored, '' }     the window of application ids is full; nothing appended
--
-- An entry of the log has one field, since a reader pays for each: its name is the header, words with a space between,
-- "<producer id> <prev> <first> <count> <offset>[ <skip>]", its value is the frame. offset: bytes of the frames before it.
--
-- Invariants: the log holds each sequence of a producer at most once and in ascending order. An application id is in the
-- window exactly if the message that brought it is in what the same transition appended: with a failover both go, so a
-- frame that is sent again after it is no duplicate of itself. Every branch writes, so that a WAIT behind the script
-- covers its answer. No `allow-oom`: under maxmemory publishing is what has to stop.
local APPENDED, DUPLICATE, MISMATCH, LOG_FULL, WINDOW_FULL = 1, 2, 3, 4, 5
local SLICES = 5
local NONE = {}

local row = redis.call('HMGET', KEYS[2], ARGV[1], 'bytes', 'trimmed')
local stored, skip = 0, ''
if row[1] then
  stored, skip = string.match(row[1], '^(%d+) %d+ ?([%d,]*)$')
  stored = tonumber(stored)
end
local prev, first, last = tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])
local now = redis.call('TIME')
local offset = row[2] or '0'
local written = offset
local outcome = MISMATCH

-- What the window says of the frame: the indexes of known ids, the ids that are new, and whether there is room for them.
-- Made only where it is needed: small frames pay for everything here.
local lookUp
if ARGV[9] then
  lookUp = function()
    local slice = math.floor((now[1] * 1000 + math.floor(now[2] / 1000)) / tonumber(ARGV[7]))
    local indexes, ids = {}, {}
    for at = 1, #ARGV[9], 18 do
      local high, low = string.byte(ARGV[9], at, at + 1)
      indexes[#indexes + 1] = high * 256 + low
      ids[#ids + 1] = string.sub(ARGV[9], at + 2, at + 17)
    end
    local known, count = {}, 0
    for back = 0, SLICES - 1 do
      local name = KEYS[3] .. ARGV[7] .. ':' .. string.format('%.0f', slice - back)
      local held = redis.call('SCARD', name)
      if held > 0 then
        count = count + held
        local answers = redis.call('SMISMEMBER', name, unpack(ids))
        for i = 1, #ids do
          if answers[i] == 1 then known[ids[i]] = true end
        end
      end
    end
    local hits, fresh = {}, {}
    for i = 1, #ids do
      if known[ids[i]] then
        hits[#hits + 1] = string.format('%d', indexes[i])
      else
        known[ids[i]] = true
        fresh[#fresh + 1] = ids[i]
      end
    end
    return hits, fresh, KEYS[3] .. ARGV[7] .. ':' .. string.format('%.0f', slice), count + #fresh <= tonumber(ARGV[8])
  end
end

if stored >= last then
  outcome = DUPLICATE
elseif stored == prev and first > stored then
  local count = last - first + 1
  local hits, fresh, slice, hasRoom = NONE, NONE, '', true
  if lookUp then hits, fresh, slice, hasRoom = lookUp() end
  local mustBeGone = tonumber(offset) + #ARGV[6] - tonumber(ARGV[2])
  local trimmed = tonumber(row[3] or '0')
  if trimmed < mustBeGone and redis.call('XLEN', KEYS[1]) == 0 then
    -- Somebody deleted the log: nothing is left that trimming would find.
    trimmed = tonumber(offset)
    redis.call('HSET', KEYS[2], 'trimmed', offset)
  end
  if trimmed < mustBeGone then
    outcome = LOG_FULL
  elseif not hasRoom then
    outcome = WINDOW_FULL
  else
    outcome = APPENDED
    stored = last
    skip = #hits > 0 and table.concat(hits, ',') or ''
    if #hits < count then
      local header = ARGV[1] .. ' ' .. ARGV[3] .. ' ' .. ARGV[4] .. ' ' .. string.format('%d', count) .. ' ' .. offset
      if skip ~= '' then header = header .. ' ' .. skip end
      redis.call('XADD', KEYS[1], '*', header, ARGV[6])
      written = string.format('%.0f', tonumber(offset) + #ARGV[6])
    end
    if #fresh > 0 then
      redis.call('SADD', slice, unpack(fresh))
      redis.call('PEXPIRE', slice, (SLICES + 1) * tonumber(ARGV[7]))
    end
  end
end

local seen = string.format('%.0f ', stored) .. now[1]
if skip ~= '' then seen = seen .. ' ' .. skip end
if written == offset then
  redis.call('HSET', KEYS[2], ARGV[1], seen)
else
  redis.call('HSET', KEYS[2], ARGV[1], seen, 'bytes', written)
end
if outcome > DUPLICATE or stored > last then skip = '' end
return { outcome, stored, skip }
