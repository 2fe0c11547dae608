-- The last part: run the operations in memory, then write, then publish, then answer.

local absent = {} -- which of the sorted sets may be made by this call
for i = 2, 4 do absent[i] = redis.call('ZCARD', KEYS[i]) == 0 end

local function write_user(user)
  local fields, removed = {}, {}
  local function put(field, value)
    if user.raw[field] ~= value then
      fields[#fields + 1] = field
      fields[#fields + 1] = value
    end
  end
  local armed = math.min(timer_of(user.real), retained_until(user.real, remembered(user)))
  if user.ghost then
    armed = math.min(armed, timer_of(user.ghost), retained_until(user.ghost, user.public))
  end
  local old = user.armed
  -- The armed timer is a lower bound: it is moved when it would come too late, or has come.
  if armed < old or now >= old or user.popped then user.armed = armed end
  local public, own = user.public, user.own
  put('h', struct.pack(HOT, user.armed, user.outages, STATUS_CODES[public.status], STATUS_CODES[own.status],
    public.version, public.changed, public.last_seen, own.version, own.changed, own.last_seen))
  if public.body ~= OFFLINE then put('r', public.body) elseif user.raw.r then removed[1] = 'r' end
  if own.body ~= public.body then put('s', own.body) elseif user.raw.s then removed[#removed + 1] = 's' end
  put('p', pack_personas(user))
  local watch
  for name, d in pairs(user.real.devices) do
    watch = watch or struct.pack(WATCH, user.armed, user.outages, STATUS_CODES[own.status])
    put('d' .. name, watch .. pack_device(d))
    if d.channels ~= '' then put('c' .. name, d.channels) end
  end
  for field in pairs(user.raw) do
    local kind, d = string.sub(field, 1, 1), user.real.devices[string.sub(field, 2)]
    if kind == 'd' and not d or kind == 'c' and not (d and d.channels ~= '') then
      removed[#removed + 1] = field
    end
  end
  if #fields > 0 then
    redis.call('HSET', user.key, unpack(fields))
    redis.call('PEXPIRE', user.key, 2 * RETENTION)
  end
  if #removed > 0 then redis.call('HDEL', user.key, unpack(removed)) end
  if user.armed == NEVER then
    if user.popped then redis.call('ZREM', KEYS[2], user.name) end
  elseif user.armed ~= old or user.popped then
    redis.call('ZADD', KEYS[2], user.armed, user.name)
  end
end

local function write_users()
  for _, user in ipairs(opened) do
    if not is_blank(user) then
      write_user(user)
    elseif user.popped then
      redis.call('ZREM', KEYS[2], user.name)
    end
    if user.publish or user.publish_own then
      redis.call('ZADD', KEYS[3], math.max(user.public.changed, user.own.changed), user.name)
    end
  end
end

local function write_memberships()
  if partition.recalls then
    redis.call('ZUNIONSTORE', KEYS[5], 1, KEYS[5], 'WEIGHTS', 0)
    absent[5] = true
  end
  for _, membership in ipairs(opened_memberships) do
    local key = USER_PREFIX .. membership.name
    if membership.dirty and membership.state == TOLD and membership.channels == '' then
      redis.call('HDEL', key, 'm')
    elseif membership.dirty then
      redis.call('HSET', key, 'm', pack_membership(membership))
    end
    if membership.due == NEVER then
      redis.call('ZREM', KEYS[5], membership.name)
    elseif membership.due then
      redis.call('ZADD', KEYS[5], membership.due, membership.name)
      absent[5] = true
    end
  end
end

local function write_entries(roll)
  local earliest, written = roll.first or NEVER, roll.lapsed > 0
  for user, entry in pairs(roll.entries) do
    if entry.told then
      written = true
      redis.call('ZREM', entry.present and roll.off_key or roll.key, user)
      redis.call('ZADD', entry.present and roll.key or roll.off_key, entry.fence, user)
      if entry.present then earliest = math.min(earliest, entry.fence) end
    elseif entry.was and not entry.present then
      redis.call('ZREM', roll.key, user) -- it lapsed
    end
  end
  if written then
    redis.call('ZREMRANGEBYSCORE', roll.off_key, '-inf', now - TOO_OLD)
    for _, key in ipairs({ roll.key, roll.off_key }) do
      redis.call('PEXPIRE', key, FORGIVEN_OUTAGE + 2 * LEASE)
    end
  end
  return earliest
end

local function write_rolls()
  for _, roll in ipairs(opened_rolls) do
    local earliest = write_entries(roll)
    if roll.popped and earliest == NEVER then
      redis.call('ZREM', KEYS[6], roll.name)
    elseif roll.popped then
      redis.call('ZADD', KEYS[6], math.max(earliest, outage_end()) + LEASE, roll.name)
    elseif earliest ~= NEVER then
      redis.call('ZADD', KEYS[6], 'LT', earliest + LEASE, roll.name)
      absent[6] = true
    end
  end
end

local function write_channels()
  for _, channel in ipairs(opened_channels) do
    if channel.dirty or channel.publish then
      redis.call('SET', channel.key, pack_channel(channel), 'PX', math.max(REMEMBERED, TYPING_TTL))
      local timer = channel_timer(channel)
      if timer == NEVER then
        redis.call('ZREM', KEYS[4], channel.name)
      else
        redis.call('ZADD', KEYS[4], timer, channel.name)
      end
    end
  end
end

local function write_interests()
  for _, interest in pairs(interests) do
    if interest and interest.dirty then
      redis.call('SET', interest.key, pack_interest(interest), 'PX', INTEREST_KEPT)
    elseif interest then
      redis.call('PEXPIRE', interest.key, INTEREST_KEPT)
    end
  end
end

local function publication()
  local public, own, typing, changes = {}, {}, {}, {}
  for _, user in ipairs(opened) do
    if user.publish then public[#public + 1] = record_of(user.name, user.public) end
    if user.publish_own then own[#own + 1] = record_of(user.name, user.own) end
  end
  for _, channel in ipairs(opened_channels) do
    if channel.publish then typing[#typing + 1] = typing_list(channel) end
  end
  for _, roll in ipairs(opened_rolls) do changes[#changes + 1] = roll_change(roll) end
  local count = #public + #own + #typing + #changes + #interest_changes
  if count == 0 and not partition.marked then return nil end
  partition.seq, partition_dirty = partition.seq + 1, true
  return cmsgpack.pack({
    partition.incarnation, partition.seq, position(), partition.marked or false, public, own, typing,
    changes, interest_changes,
  })
end

while offset >= 0 do
  local first, name, idle_ms, seq, traits, channels
  offset, first, name, idle_ms, seq, traits, channels = unpack_entries(ARGV[4], OPERATION, offset)
  local result
  if type(first) == 'string' then
    result = beat_unchanged(first, name, idle_ms, seq, traits, channels)
      or beat(first, name, idle_ms, seq, traits, channels)
  else
    result = operations[first[1]](first)
  end
  results[#results + 1] = result
end
local message = publication()

-- The partition is written first: a store that is out of memory refuses it, and with it all the rest.
if partition_dirty then redis.call('SET', KEYS[1], pack_partition()) end
write_beaten()
write_users()
write_memberships()
write_rolls()
write_channels()
write_interests()
if partition.marked then
  redis.call('ZREMRANGEBYSCORE', KEYS[3], '-inf', now - CHANGES_KEPT)
end
for i = 2, 6 do
  if partition.marked or absent[i] then redis.call('PEXPIRE', KEYS[i], 2 * RETENTION) end
end
if message then redis.call(PUBLISH, BUS, message) end
return reply(results, owing)
