"""The Lua scripts of pull requests: what is recorded in a turn, and letting go of a wish, each in one step."""

TELL = """
-- KEYS: pull request, commit, dirty, alike; ARGV: turn, seconds kept, commit ('' = nothing is said of one), field,
--       report, seconds a commit is kept; then 2 per field of the pull request: name, value ('' = forget it)
if redis.call('HGET', KEYS[1], 'turn') ~= ARGV[1] then return 0 end
for i = 7, #ARGV, 2 do
  if ARGV[i + 1] == '' then redis.call('HDEL', KEYS[1], ARGV[i])
  else redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1]) end
end
redis.call('EXPIRE', KEYS[1], ARGV[2])
if ARGV[3] ~= '' and redis.call('HGET', KEYS[2], ARGV[4]) ~= ARGV[5] then
  redis.call('HSET', KEYS[2], ARGV[4], ARGV[5])
  redis.call('HINCRBY', KEYS[2], 'version', 1)
  redis.call('EXPIRE', KEYS[2], ARGV[6])
  redis.call('ZADD', KEYS[3], 0, ARGV[3])
  redis.call('SADD', KEYS[4], ARGV[3])
  redis.call('EXPIRE', KEYS[4], ARGV[6])
end
return 1
"""
"""Record what was made of a pull request and what its commit is told, in one step, if the turn is still ours."""

DONE = """
-- KEYS: wishes, later; ARGV: pull request, the wish that was done
if redis.call('HGET', KEYS[1], ARGV[1]) ~= ARGV[2] then return 0 end
redis.call('HDEL', KEYS[1], ARGV[1])
redis.call('ZREM', KEYS[2], ARGV[1])
return 1
"""
"""Let go of a wish, unless there is a newer one."""
