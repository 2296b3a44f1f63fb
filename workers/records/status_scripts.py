"""The Lua scripts of statuses: what is to be written, whether it may be, and that it was."""

CLEAN = """
-- KEYS: dirty, commits; ARGV: name and version of each commit
local all = 1
for i = 2, #KEYS do
  local version = redis.call('HGET', KEYS[i], 'version')
  if not version or version == ARGV[2 * i - 2] then redis.call('ZREM', KEYS[1], ARGV[2 * i - 3]) else all = 0 end
end
return all
"""
"""Call commits clean, but those of which something was said since they were read; one no longer kept is clean."""

BEGIN = """
-- KEYS: dirty, commits that are one revision, the message that asked; ARGV: the commit's name, the prefix of commits'
--       keys, its account ('' = not known), seconds kept
redis.call('DEL', KEYS[3])
local account = ARGV[2] .. ARGV[1]
if ARGV[3] ~= '' and redis.call('EXISTS', account) == 1 then redis.call('HSETNX', account, 'account', ARGV[3]) end
redis.call('EXPIRE', KEYS[2], ARGV[4])
local names, found = redis.call('SMEMBERS', KEYS[2]), {}
if redis.call('SISMEMBER', KEYS[2], ARGV[1]) == 0 then names[#names + 1] = ARGV[1] end
for i, name in ipairs(names) do
  found[i] = {name, redis.call('ZSCORE', KEYS[1], name) or '', redis.call('HGETALL', ARGV[2] .. name)}
end
return found
"""
"""Take the message, read all commits that are one revision and when each is to be written, remember one's account."""

WORTH = """
-- KEYS: commits; ARGV: most apps with a status of their own, how a report begins that is not final
local found = {}
for i, name in ipairs(KEYS) do
  local apps, open = 0, false
  if redis.call('HLEN', name) > tonumber(ARGV[1]) then
    local flat = redis.call('HGETALL', name)
    for at = 1, #flat, 2 do
      if string.sub(flat[at], 1, 4) == 'app:' then
        apps = apps + 1
        open = open or string.sub(flat[at + 1], 1, #ARGV[2]) == ARGV[2]
      end
    end
  end
  found[i] = (open and apps > tonumber(ARGV[1])) and 0 or 1
end
return found
"""
"""Tell of which commits a status may change by what was said last: of many apps, none before the last one ended."""

WROTE = """
-- KEYS: what the forge has, dirty, breakers, commits; ARGV: context, status, seconds kept, number of breakers, then
--       name and version of each commit
redis.call('HSET', KEYS[1], 'written:' .. ARGV[1], ARGV[2])
redis.call('HDEL', KEYS[1], 'trying:' .. ARGV[1], 'tries', 'busy')
redis.call('HINCRBY', KEYS[1], 'count:' .. ARGV[1], 1)
redis.call('EXPIRE', KEYS[1], ARGV[3])
local first, found = 3 + tonumber(ARGV[4]), {redis.call('HGETALL', KEYS[1])}
for i = 3, first - 1 do redis.call('DEL', KEYS[i]) end
for i = first, #KEYS do
  local name, read = ARGV[2 * (i - first) + 5], ARGV[2 * (i - first) + 6]
  local version = redis.call('HGET', KEYS[i], 'version')
  if version and version ~= read then redis.call('ZADD', KEYS[2], 0, name) end
  found[#found + 1] = redis.call('HGETALL', KEYS[i])
end
return found
"""
"""Remember what a forge was told, that it works, and whether more was said since; tell what is known now."""

ADMIT = """
-- KEYS: budget, what is noted, breakers; ARGV: now, seconds for a probe, seconds until those ask again who wait for
--       one, the budget's window, most in it, a name for this one, the note's field ('' = none), value and seconds kept
local now, most, longest = tonumber(ARGV[1]), tonumber(ARGV[5]), 0
for i = 3, #KEYS do
  local known = redis.call('HMGET', KEYS[i], 'until', 'probing')
  local left = tonumber(known[1] or '0') - now
  if left > 0 and known[2] then left = math.min(left, tonumber(ARGV[3])) end
  longest = math.max(longest, left)
end
if longest > 0 then return tostring(longest) end
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - ARGV[4])
local used = redis.call('ZCARD', KEYS[1])
if used >= most then
  local blocking = redis.call('ZRANGE', KEYS[1], used - most, used - most, 'WITHSCORES')
  return tostring(math.max(blocking[2] + ARGV[4] - now, 0.05))
end
redis.call('ZADD', KEYS[1], now, ARGV[6])
redis.call('EXPIRE', KEYS[1], math.ceil(ARGV[4]) * 2)
for i = 3, #KEYS do
  if redis.call('EXISTS', KEYS[i]) == 1 then redis.call('HSET', KEYS[i], 'until', now + ARGV[2], 'probing', 1) end
end
if ARGV[7] ~= '' then
  redis.call('HSET', KEYS[2], ARGV[7], ARGV[8])
  redis.call('EXPIRE', KEYS[2], ARGV[9])
end
return '0'
"""
"""Go through breakers, at once where they are closed and as the only one where a pause is over, and take one write of a
budget; both or neither. What is about to be written is noted in the same step."""

TRIP = """
-- KEYS: breaker; ARGV: now, first pause, longest pause, the pause asked for
local now, known = tonumber(ARGV[1]), redis.call('HMGET', KEYS[1], 'until', 'probing', 'failures')
local before, failures = tonumber(known[1] or '0'), tonumber(known[3] or '0')
if before <= now or known[2] then failures = failures + 1 end
local pause = math.max(tonumber(ARGV[4]), math.min(ARGV[2] * 2 ^ math.min(failures - 1, 30), tonumber(ARGV[3])))
if not known[2] then pause = math.max(pause, before - now) end
redis.call('HSET', KEYS[1], 'until', now + pause, 'failures', failures)
redis.call('HDEL', KEYS[1], 'probing')
redis.call('EXPIRE', KEYS[1], 7200 + math.ceil(pause))
return tostring(pause)
"""
"""Open a breaker, longer after each failure."""
