-- Notes the mark of the facts to which the live records belong, and returns the noted mark.
--
-- KEYS  1 the mark (hash)
-- ARGV  1 number of the history  2 position in the history; or nothing: the mark is only read
--
-- Returns {history, position}, or nothing if no mark is noted. A mark of another history is not replaced, and neither is
-- a later position.
local call, key = redis.call, KEYS[1]
local noted = call('HMGET', key, 'history', 'count')
if ARGV[1] and (not noted[1] or noted[1] == ARGV[1] and tonumber(noted[2]) < tonumber(ARGV[2])) then
  call('HSET', key, 'history', ARGV[1], 'count', ARGV[2])
  return {ARGV[1], ARGV[2]}
end
if not noted[1] then return {} end
return noted
