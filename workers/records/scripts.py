"""The Lua scripts: changes that must be decided and made in one step."""

ACCEPT = """
-- ARGV: prefix, now, retention, most, delivery ('' = none), body, report queue, number of sightings, milliseconds
--       for which a message counts as on its way; 5 per sighting: hash, field, value ('' = forget it), queue,
--       message ('' = none); then 9 per request:
--       app, request ('' = only say something of the commit), last, commit ('' = none), the commit's field, state,
--       queue, message, the commit's message
local p, now = ARGV[1], ARGV[2]
local delivery = ARGV[5]
local dkey = p .. 'delivery:' .. delivery
local first = 10 + 5 * tonumber(ARGV[8])
for i = 10, first - 1, 5 do
  if ARGV[i + 2] == '' then redis.call('HDEL', p .. ARGV[i], ARGV[i + 1])
  else redis.call('HSET', p .. ARGV[i], ARGV[i + 1], ARGV[i + 2]) end
  if ARGV[i + 4] ~= '' then redis.call('LPUSH', ARGV[i + 3], ARGV[i + 4]) end
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
for i = first, #ARGV, 9 do
  local app, request, last, commit, state = ARGV[i], ARGV[i + 1], ARGV[i + 2], ARGV[i + 3], ARGV[i + 5]
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
      if ARGV[i + 7] ~= '' then
        redis.call('LPUSH', ARGV[i + 6], ARGV[i + 7])
        redis.call('SET', p .. 'nudged:' .. app, 1, 'PX', ARGV[9])
      end
    end
    if commit ~= '' then
      redis.call('HSET', p .. 'commit:' .. commit, ARGV[i + 4], state)
      redis.call('HINCRBY', p .. 'commit:' .. commit, 'version', 1)
      redis.call('HSETNX', p .. 'commit:' .. commit, 'since', now)
      redis.call('EXPIRE', p .. 'commit:' .. commit, ARGV[3])
      redis.call('ZADD', p .. 'dirty', 0, commit)
      local alike = p .. 'alike:' .. string.match(commit, '^[^|]*|([^|]*|[^|]*)|')
      redis.call('SADD', alike, commit)
      redis.call('EXPIRE', alike, ARGV[3])
      if ARGV[i + 8] ~= '' and not published[commit] then
        published[commit] = true
        redis.call('LPUSH', ARGV[7], ARGV[i + 8])
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

SAVED = "return redis.call('ZADD', KEYS[2], redis.call('INCR', KEYS[1]), ARGV[1])"
"""Give an app's change the next number, in the transaction that makes the change."""
APPEND = """
-- KEYS: trail, where it stands, the token's mark; ARGV: line and hash it follows, the line, its number, its hash,
--       most, milliseconds the token is marked as used (0: no token), the hash before the first line
local known = redis.call('HMGET', KEYS[2], 'line', 'hash')
local number, hash = known[1] or '0', known[2] or ARGV[8]
if tonumber(ARGV[7]) > 0 and redis.call('EXISTS', KEYS[3]) == 1 then return {'used'} end
if number ~= ARGV[1] or hash ~= ARGV[2] then return {'moved', number, hash} end
if tonumber(ARGV[7]) > 0 then redis.call('SET', KEYS[3], ARGV[4], 'PX', ARGV[7]) end
local over = redis.call('RPUSH', KEYS[1], ARGV[3]) - tonumber(ARGV[6])
redis.call('HSET', KEYS[2], 'line', ARGV[4], 'hash', ARGV[5])
if over > 0 then
  redis.call('LTRIM', KEYS[1], over, -1)
  redis.call('HINCRBY', KEYS[2], 'let_go', over)
end
return {'added'}
"""
"""Append a line to the audit trail if the one it follows is the last, and mark a token as used; both or nothing."""

FAIL = """
-- KEYS: since when, counts; ARGV: sender, now, window, most senders
local old = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', ARGV[2] - ARGV[3], 'LIMIT', 0, 100)
for _, sender in ipairs(old) do
  redis.call('ZREM', KEYS[1], sender)
  redis.call('HDEL', KEYS[2], sender)
end
local since = redis.call('ZSCORE', KEYS[1], ARGV[1])
if since and tonumber(since) <= ARGV[2] - ARGV[3] then
  redis.call('HDEL', KEYS[2], ARGV[1])
  since = false
end
if not since then redis.call('ZADD', KEYS[1], ARGV[2], ARGV[1]) end
local count = redis.call('HINCRBY', KEYS[2], ARGV[1], 1)
while redis.call('ZCARD', KEYS[1]) > tonumber(ARGV[4]) do
  redis.call('HDEL', KEYS[2], redis.call('ZPOPMIN', KEYS[1])[1])
end
for i = 1, 2 do redis.call('EXPIRE', KEYS[i], math.ceil(ARGV[3]) * 2) end
return count
"""
"""Count one failure of a sender in its window; the records stay bounded."""
