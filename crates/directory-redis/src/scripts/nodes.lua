-- Changes the register of nodes, and returns it.
--
-- KEYS  1 entries of the nodes  2 beats of the nodes  3 requests to drain (all hashes by the id of the node)
-- ARGV  1 'join', 'renew', 'leave', 'remove', 'drain' or 'read'  2 id of the node
--       3 its entry, for 'join' and 'renew'; the beat at which it was lost, for 'remove'
--
-- Returns {seconds, microseconds, '1' if the register had the node before, then for each node: id, entry, beat,
-- '1' if somebody has asked it to drain}. Beats of nodes that were taken out are kept in none of the keys.
local call, action, id = redis.call, ARGV[1], ARGV[2]
local was_there = call('HEXISTS', KEYS[1], id)
local function remove()
  for at = 1, 3 do call('HDEL', KEYS[at], id) end
end
if action == 'join' then
  remove()
  call('HSET', KEYS[1], id, ARGV[3])
  call('HSET', KEYS[2], id, 1)
elseif action == 'renew' and was_there == 1 then
  call('HSET', KEYS[1], id, ARGV[3])
  call('HINCRBY', KEYS[2], id, 1)
elseif action == 'leave' or (action == 'remove' and call('HGET', KEYS[2], id) == ARGV[3]) then
  remove()
elseif action == 'drain' and was_there == 1 then
  call('HSET', KEYS[3], id, 1)
end

local time = call('TIME')
local answer = {time[1], time[2], tostring(was_there)}
local entries = call('HGETALL', KEYS[1])
for at = 1, #entries, 2 do
  local beat = call('HGET', KEYS[2], entries[at]) or '0'
  local drain = tostring(call('HEXISTS', KEYS[3], entries[at]))
  for _, value in ipairs({entries[at], entries[at + 1], beat, drain}) do answer[#answer + 1] = value end
end
return answer
