"""The Lua scripts of alerts: telling one, and emptying an outbox, each in one step."""

TELL = """
-- ARGV: prefix, now, again after, most waiting, remembered; app, kind, "revision|state", alert;
--       number of kinds it ends, those kinds; then 2 per outbox: name, due
local p, now = ARGV[1], tonumber(ARGV[2])
local app, kind, about, alert = ARGV[6], ARGV[7], ARGV[8], ARGV[9]
local since, ends = '0', tonumber(ARGV[10])
if ends > 0 then
  local ended = false
  for i = 11, 10 + ends do
    local told = p .. 'told:' .. app .. '|' .. ARGV[i]
    local began = redis.call('HGET', told, 'since')
    if began then ended, since = true, began end
    redis.call('DEL', told)
  end
  if not ended then return 0 end
else
  local told = p .. 'told:' .. app .. '|' .. kind
  local last = redis.call('HGET', told, about)
  if last and now - tonumber(last) < tonumber(ARGV[3]) then return 0 end
  if redis.call('HLEN', told) > 100 then
    local began = redis.call('HGET', told, 'since')
    redis.call('DEL', told)
    redis.call('HSET', told, 'since', began)
  end
  redis.call('HSETNX', told, 'since', ARGV[2])
  redis.call('HSET', told, about, ARGV[2])
  redis.call('EXPIRE', told, ARGV[5])
end
redis.call('HINCRBY', p .. 'counts', 'alerts|' .. kind, 1)
for i = 11 + ends, #ARGV, 2 do
  local outbox = p .. 'outbox:' .. ARGV[i]
  if redis.call('LLEN', outbox) < tonumber(ARGV[4]) then redis.call('RPUSH', outbox, since .. ' ' .. alert)
  else redis.call('HINCRBY', p .. 'beyond:' .. ARGV[i], kind, 1) end
  redis.call('ZADD', p .. 'alerts', 'NX', ARGV[i + 1], ARGV[i])
end
return 1
"""
"""Record an alert, unless it was told already; good news only where the bad news was told."""

DUE = """
-- KEYS: alerts; ARGV: now, when to ask again
local names = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', ARGV[1])
for _, name in ipairs(names) do redis.call('ZADD', KEYS[1], 'XX', ARGV[2], name) end
return names
"""
"""Return the outboxes that are due, and ask for them again only later."""

TAKEN = """
-- KEYS: alerts, outbox, beyond, target; ARGV: target, now, when to go on, alerts sent; then 2 per kind: kind, more
redis.call('LTRIM', KEYS[2], ARGV[4], -1)
for i = 5, #ARGV, 2 do
  if redis.call('HINCRBY', KEYS[3], ARGV[i], -tonumber(ARGV[i + 1])) <= 0 then
    redis.call('HDEL', KEYS[3], ARGV[i])
  end
end
if ARGV[4] ~= '0' or #ARGV > 4 then redis.call('HSET', KEYS[4], 'sent', ARGV[2], 'failures', 0) end
if redis.call('EXISTS', KEYS[2], KEYS[3]) > 0 then redis.call('ZADD', KEYS[1], ARGV[3], ARGV[1])
else redis.call('ZREM', KEYS[1], ARGV[1]) end
return 1
"""
"""Take what was sent out of an outbox; what came meanwhile stays and is due."""
