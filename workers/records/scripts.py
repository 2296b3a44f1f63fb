"""The Lua scripts: changes that must be decided and made in one step."""

ACCEPT = """
-- ARGV: prefix, now, retention, most, delivery ('' = none), body, report queue, number of sightings;
--       3 per sighting: hash, field, value ('' = forget it); then 8 per request:
--       app, request ('' = only say something of the commit), last, commit ('' = none), state,
--       queue, message, the commit's message
local p, now = ARGV[1], ARGV[2]
local delivery = ARGV[5]
local dkey = p .. 'delivery:' .. delivery
local first = 9 + 3 * tonumber(ARGV[8])
for i = 9, first - 1, 3 do
  if ARGV[i + 2] == '' then redis.call('HDEL', p .. ARGV[i], ARGV[i + 1])
  else redis.call('HSET', p .. ARGV[i], ARGV[i + 1], ARGV[i + 2]) end
end
if delivery ~= '' and redis.call('EXISTS', dkey) == 1 then
  -- Seen before. It counts as done unless it caused nothing then, or the work it caused failed: then it is tried again.
  local again = true
  for app, number in pairs(cjson.decode(redis.call('HGET', dkey, 'requests'))) do
    again = false
    local known = redis.call('HMGET', p .. 'app:' .. app, 'done', 'outcome')
    if known[2] == 'failed' and tonumber(known[1] or '0') >= number then again = true break end
  end
  if not again then return {'duplicate'} end
end
local answer, numbers, published = {'accepted'}, {}, {}
for i = first, #ARGV, 8 do
  local app, request, last, commit, state = ARGV[i], ARGV[i + 1], ARGV[i + 2], ARGV[i + 3], ARGV[i + 4]
  local akey = p .. 'app:' .. app
  local known = redis.call('HMGET', akey, 'wanted', 'done', 'last', 'outcome')
  local wanted, done = tonumber(known[1] or '0'), tonumber(known[2] or '0')
  local fresh = '1'
  if request ~= '' and last ~= '' and known[3] == last and (wanted > done or known[4] ~= 'failed') then
    -- Another hook told us of the same commit: nothing newer is wanted.
    fresh = '0'
  else
    if request ~= '' then
      wanted = redis.call('HINCRBY', akey, 'wanted', 1)
      if last ~= '' then redis.call('HSET', akey, 'last', last) end
      redis.call('HSET', p .. 'open:' .. app, wanted, request)
      redis.call('SADD', p .. 'apps', app)
      if ARGV[i + 6] ~= '' then redis.call('LPUSH', ARGV[i + 5], ARGV[i + 6]) end
    end
    if commit ~= '' then
      redis.call('HSET', p .. 'commit:' .. commit, 'app:' .. app, state)
      redis.call('HINCRBY', p .. 'commit:' .. commit, 'version', 1)
      redis.call('EXPIRE', p .. 'commit:' .. commit, ARGV[3])
      redis.call('ZADD', p .. 'dirty', 0, commit)
      if ARGV[i + 7] ~= '' and not published[commit] then
        published[commit] = true
        redis.call('LPUSH', ARGV[7], ARGV[i + 7])
      end
    end
  end
  if request ~= '' then
    numbers[app] = wanted
    answer[#answer + 1] = app
    answer[#answer + 1] = tostring(wanted)
    answer[#answer + 1] = fresh
  end
end
if delivery ~= '' then
  local requests = next(numbers) and cjson.encode(numbers) or '{}'
  redis.call('HSET', dkey, 'body', ARGV[6], 'requests', requests)
  redis.call('EXPIRE', dkey, ARGV[3])
  redis.call('ZADD', p .. 'deliveries', now, delivery)
  redis.call('ZREMRANGEBYRANK', p .. 'deliveries', 0, -1 - tonumber(ARGV[4]))
end
return answer
"""
"""Record one delivery with what it asks for, lets us remember and says of commits, and queue the messages. One round
trip; all or nothing."""

RENEW = """
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
return 0
"""
"""Extend a lease that is still ours."""

RELEASE = """
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0
"""
"""Give up a lease that is still ours; never somebody else's."""

CLEAN = """
-- KEYS: commit, dirty; ARGV: version, commit's name
if redis.call('HGET', KEYS[1], 'version') == ARGV[1] then return redis.call('ZREM', KEYS[2], ARGV[2]) end
return 0
"""
"""Call a commit clean, unless something was said of it since it was read."""
