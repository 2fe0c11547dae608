-- Reads, and the sweep: what time itself has changed is found here, committed and published.

local SWEPT = 512 -- users a call: bounds the time that the store is busy
local CHANGES_KEPT = 300000 -- longer gaps are mended by reading everything
local CHANGES_TOLD = 20000 -- with more changes, too: naming them would save little

-- Read: users. Their public records in order; what is found due is committed.
function operations.read(op)
  local records = {}
  for i, name in ipairs(op[2]) do
    local record
    if not users[name] then
      local got = redis.call('HMGET', USER_PREFIX .. name, 'h', 'r')
      if not got[1] then
        record = { name, 0, 0, 0, OFFLINE }
      else
        local armed, outages, _, _, version, changed, last_seen = struct.unpack(HOT, got[1])
        if now < armed and outages == partition.outages then
          record = { name, version, changed, last_seen, got[2] or OFFLINE }
        end
      end
    end
    if not record then
      local user = load_user(name)
      settle_user(user)
      record = is_blank(user) and { name, 0, 0, 0, OFFLINE } or record_of(name, user.public)
    end
    records[i] = record
  end
  return records
end

-- Changed: time. The users whose records changed after it, or false where that is not known any more.
function operations.changed(op)
  if op[2] < now - CHANGES_KEPT then return false end
  local names = redis.call('ZRANGEBYSCORE', KEYS[3], '(' .. string.format('%.0f', op[2]), '+inf',
    'LIMIT', 0, CHANGES_TOLD + 1)
  return #names <= CHANGES_TOLD and names
end

-- Own: user. Its record as itself sees it.
function operations.own(op)
  local user = load_user(op[2])
  settle_user(user)
  if is_blank(user) then return { op[2], 0, 0, 0, OFFLINE } end
  return record_of(user.name, user.own)
end

-- Tick: shortest gap to the last mark. Result: {swept, more}; nothing is done where another process was
-- there before.
function operations.tick(op)
  if now >= partition.mark and now - partition.mark < op[2] then return { 0, false } end
  local due = redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', now, 'LIMIT', 0, SWEPT)
  for _, name in ipairs(due) do
    local user = load_user(name)
    user.popped = true
    settle_user(user)
  end
  local lapsed = redis.call('ZRANGEBYSCORE', KEYS[4], '-inf', now, 'LIMIT', 0, SWEPT)
  for _, name in ipairs(lapsed) do
    local channel = load_channel(name)
    channel.dirty = true
    settle_channel(channel)
  end
  local lapsing = redis.call('ZRANGEBYSCORE', KEYS[6], '-inf', now, 'LIMIT', 0, SWEPT)
  for _, name in ipairs(lapsing) do
    local roll = load_roll(name)
    roll.popped, roll.first = true, first_fence(roll)
  end
  owing = owing or redis.call('ZCOUNT', KEYS[5], '-inf', now) > 0
  partition.mark, partition.swept, partition.marked, partition_dirty = now, now, true, true
  return { #due + #lapsed + #lapsing, #due == SWEPT or #lapsed == SWEPT or #lapsing == SWEPT }
end

-- Position: no arguments. The reply itself tells it.
function operations.position()
  return true
end

-- Settle: incarnation, length. A process that knew another incarnation saw this one begin.
function operations.settle(op)
  if partition.incarnation == op[2] and partition.settling == 0 then
    partition.settling, partition_dirty = now + op[3], true
  end
  return true
end
