#!lua
-- Appends one frame of one producer, exactly once.
--
-- KEYS  1 log        stream
--       2 producers  hash: producer id -> "<last sequence> <last seen, seconds>[ <skip of the last frame>]";
--                    `bytes`: of all frames ever appended; `trimmed`: of those that left the log (see trim.lua);
--                    `last`: id of the entry appended last; `deleted`: how often somebody deleted what was in the log;
--                    `pruned`: see prune-producers.lua
--       3 dedup      prefix of the sets of application ids: <slice length, ms>:<slice>[:<deleted>]; only with ARGV 7 to 9
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
--
-- A log that is empty though not all of it was trimmed was deleted: the producers' rows go with it, so that each producer
-- finds its own missing and sends again what it keeps, and the window of application ids begins anew. Ids of entries
-- always grow, also where the stream is a new one: groups' positions outlive it.
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
local written, id
local outcome = MISMATCH

-- What the window says of the frame: the indexes of known ids, the ids that are new, and whether there is room for them.
-- Made only where it is needed: small frames pay for everything here.
local lookUp
if ARGV[9] then
  lookUp = function()
    local slice = math.floor((now[1] * 1000 + math.floor(now[2] / 1000)) / tonumber(ARGV[7]))
    local deleted = redis.call('HGET', KEYS[2], 'deleted')
    local function named(number)
      local name = KEYS[3] .. ARGV[7] .. ':' .. string.format('%.0f', number)
      return deleted and name .. ':' .. deleted or name
    end
    local indexes, ids = {}, {}
    for at = 1, #ARGV[9], 18 do
      local high, low = string.byte(ARGV[9], at, at + 1)
      indexes[#indexes + 1] = high * 256 + low
      ids[#ids + 1] = string.sub(ARGV[9], at + 2, at + 17)
    end
    local known, count = {}, 0
    for back = 0, SLICES - 1 do
      local name = named(slice - back)
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
    return hits, fresh, named(slice), count + #fresh <= tonumber(ARGV[8])
  end
end

if stored >= last then
  outcome = DUPLICATE
elseif stored == prev and first > stored then
  local count = last - first + 1
  local bytes, trimmed = tonumber(offset), tonumber(row[3] or '0')
  local isDeleted = trimmed < bytes and redis.call('XLEN', KEYS[1]) == 0
  local hits, fresh, slice, hasRoom = NONE, NONE, '', true
  if lookUp and not isDeleted then hits, fresh, slice, hasRoom = lookUp() end
  if isDeleted then
    local kept = redis.call('HMGET', KEYS[2], 'last', 'deleted')
    redis.call('DEL', KEYS[1], KEYS[2])
    redis.call('HSET', KEYS[2], 'bytes', offset, 'trimmed', offset, 'last', kept[1] or '0-1', 'deleted', (kept[2] or 0) + 1)
    stored = 0
  elseif trimmed < bytes + #ARGV[6] - tonumber(ARGV[2]) then
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
      id = redis.call('XADD', KEYS[1], 'NOMKSTREAM', '*', header, ARGV[6])
      if not id then
        local before = redis.call('HGET', KEYS[2], 'last')
        if before then redis.call('XADD', KEYS[1], 'MAXLEN', '=', '0', before, '-', '-') end
        id = redis.call('XADD', KEYS[1], '*', header, ARGV[6])
      end
      written = string.format('%.0f', bytes + #ARGV[6])
    end
    if #fresh > 0 then
      redis.call('SADD', slice, unpack(fresh))
      redis.call('PEXPIRE', slice, (SLICES + 1) * tonumber(ARGV[7]))
    end
  end
end

local seen = string.format('%.0f ', stored) .. now[1]
if skip ~= '' then seen = seen .. ' ' .. skip end
if id then
  redis.call('HSET', KEYS[2], ARGV[1], seen, 'bytes', written, 'last', id)
else
  redis.call('HSET', KEYS[2], ARGV[1], seen)
end
if outcome > DUPLICATE or stored > last then skip = '' end
return { outcome, stored, skip }
