-- The outbox: whose channels are to be told in the channels' partitions, a sorted set user -> when
-- (domain/membership.py). What is taken is taken again soon unless it is confirmed, and what was told is told
-- again while it lasts: so whatever is lost on the way, or over there, heals by itself.

local TAKEN, LINES = 64, 2000 -- users and channels a call: bounds the time that the store is busy
local CLAIMED = 2000
local RENEWED, SPREAD = 120000, 30000 -- a third of a lease, and somewhat earlier, so that not all come at once

local function renewal(fence)
  return now + RENEWED - fence % SPREAD
end

-- Take: no arguments. Result: {{user, fence, channels, channels to be taken off, to be confirmed} ...}, more.
-- The fence orders readings: what is told of an older one never replaces what was told of a newer one.
function operations.take()
  local names = redis.call('ZRANGEBYSCORE', KEYS[5], '-inf', now, 'LIMIT', 0, TAKEN)
  local taken, lines = {}, 0
  for _, name in ipairs(names) do
    local membership = load_membership(name)
    local untold = membership.state ~= TOLD
    if membership.due and membership.due > now then
      -- taken by this very call
    elseif membership.channels == '' and not untold then
      membership.due = NEVER
    else
      local fence, owed = change_time(), {}
      for channel in pairs(membership.owed) do owed[#owed + 1] = channel end
      local _, count = string.gsub(membership.channels, '[^\n]+', '')
      lines = lines + count + #owed
      taken[#taken + 1] = { name, fence, membership.channels, owed, untold }
      if untold then
        membership.state, membership.dirty, membership.due = fence, true, now + CLAIMED
      else
        membership.due = renewal(fence)
      end
      if lines >= LINES then return { taken, true } end
    end
  end
  return { taken, #names == TAKEN }
end

-- Told: {{user, fence} ...}. What was read then has been told, and holds unless it was read or changed since.
function operations.told(op)
  for _, one in ipairs(op[2]) do
    local membership = load_membership(one[1])
    if membership.state == one[2] then
      membership.state, membership.owed, membership.dirty = TOLD, {}, true
      membership.due = membership.channels == '' and NEVER or renewal(one[2])
    end
  end
  return true
end

-- Recall: digest of all incarnations. Where it is another one, some channels may have lost their members.
function operations.recall(op)
  if partition.recalled == op[2] then return true end
  partition.recalled, partition.recalls, partition_dirty, owing = op[2], true, true, true
  return true
end
