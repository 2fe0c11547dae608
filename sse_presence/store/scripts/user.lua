-- A user in the store: a hash with
--   h        hot state: armed timer, outages applied, statuses, and version, change and last-seen of both records
--   r        body of the public record (absent: offline); s: of the own record where it differs
--   p        the personas without the real devices: override, last activity, ghost
--   d<name>  a packed device behind its WATCH (beats.lua); c<name> the channels that it is in, a line each (absent: none)
--   m        the channels that others know the user to be in (absent: none), see membership.lua
-- An unchanged heartbeat touches one device only. Fields under 64 bytes keep the hash a listpack.

local HOT = '<dIBBdddddd'
local STATUS_CODES = { offline = 1, idle = 2, online = 3, dnd = 4, invisible = 5 }

local users, opened = {}, {}

local function unpack_personas(user, packed)
  if not packed then return new_persona(), false end
  local p = cmsgpack.unpack(packed)
  local real = { devices = {}, chosen = p[1], seen = p[2], since = p[3], forgotten = p[4] }
  local g = p[5]
  if not g then return real, false end
  local ghost = { devices = {}, chosen = g[1], seen = g[2], since = g[3], forgotten = g[4] }
  for i = 1, #g[5], 3 do ghost.devices[g[5][i]] = unpack_device(g[5][i + 1], 1, g[5][i + 2]) end
  return real, ghost
end

local function pack_personas(user)
  local real, ghost = user.real, user.ghost
  local g = false
  if ghost then
    local devices, names = {}, {}
    for name in pairs(ghost.devices) do names[#names + 1] = name end
    table.sort(names)
    for _, name in ipairs(names) do
      devices[#devices + 1] = name
      devices[#devices + 1] = pack_device(ghost.devices[name])
      devices[#devices + 1] = ghost.devices[name].channels
    end
    g = { ghost.chosen, ghost.seen, ghost.since, ghost.forgotten, devices }
  end
  return cmsgpack.pack({ real.chosen, real.seen, real.since, real.forgotten, g })
end

local function unpack_records(user, raw)
  local public, own = { body = raw.r or OFFLINE }, {}
  own.body = raw.s or public.body
  if raw.h then
    local public_code, own_code
    user.armed, user.outages, public_code, own_code, public.version, public.changed, public.last_seen,
      own.version, own.changed, own.last_seen = struct.unpack(HOT, raw.h)
    public.status, own.status = STATUSES[public_code], STATUSES[own_code]
  else
    user.armed, user.outages = NEVER, partition.outages
    for _, record in ipairs({ public, own }) do
      record.version, record.changed, record.last_seen, record.status = partition.floor, 0, 0, 'offline'
    end
  end
  user.public, user.own = public, own
end

-- Invisibility ends: what happened meanwhile leaves no trace in what others will see.
local function make_visible(user, at)
  if not user.ghost then return end
  user.real.seen = last_activity(user.ghost)
  user.real.since = at
  user.ghost = false
end

local function age_user(user)
  local chosen = user.real.chosen
  age(user.real, now)
  if user.ghost then age(user.ghost, now) end
  if chosen and not user.real.chosen then make_visible(user, chosen[4]) end
end

local function apply_outages(user)
  local recent = partition.recent
  local first = math.max(1, user.outages - (partition.outages - #recent) + 1)
  for i = first, #recent do
    forgive(user.real, recent[i][1], recent[i][2])
    if user.ghost then forgive(user.ghost, recent[i][1], recent[i][2]) end
  end
  user.outages = partition.outages
end

-- Read a user whole and bring it to now.
local function load_user(name)
  local user = users[name]
  if user then return user end
  local key = USER_PREFIX .. name
  local flat, raw = redis.call('HGETALL', key), {}
  for i = 1, #flat, 2 do raw[flat[i]] = flat[i + 1] end
  user = { name = name, key = key, raw = raw }
  users[name] = user
  opened[#opened + 1] = user
  local beaten_field, beaten_device = take_beaten(key)
  unpack_records(user, raw)
  user.real, user.ghost = unpack_personas(user, raw.p)
  for field, value in pairs(raw) do
    if string.sub(field, 1, 1) == 'd' then
      local device = string.sub(field, 2)
      local packed = field == beaten_field and beaten_device or value
      user.real.devices[device] = unpack_device(packed, WATCH_SIZE + 1, raw['c' .. device])
    end
  end
  apply_outages(user)
  age_user(user)
  return user
end

-- The record that the real persona is kept for: what others know, unless it is hidden from them.
local function remembered(user)
  return user.ghost and user.own or user.public
end

local function forget(user, persona, record)
  if now < retained_until(persona, record) then return persona, false end
  local kept = new_persona()
  kept.since = persona.since
  partition.floor = math.max(partition.floor, user.public.version + 1, user.own.version + 1)
  partition_dirty = true
  return kept, true
end

-- True when the record changed.
local function show(record, persona, own)
  local status = status_of(persona)
  local body = body_of(persona, status, own)
  local last_seen = record.last_seen
  if persona.forgotten or status == 'online' or status == 'dnd' or status == 'invisible' then
    last_seen = 0
  elseif status ~= record.status and PRECISION > 0 then
    last_seen = math.floor(last_activity(persona) / PRECISION) * PRECISION
  end
  if body == record.body and not (persona.forgotten and record.last_seen > 0) then return false end
  record.version = record.version + 1
  record.status, record.body, record.last_seen = status, body, last_seen
  return true
end

-- After each operation: forget what is no longer kept, and show the net difference as one change.
local function settle_user(user)
  local forgotten
  if user.ghost then user.ghost = forget(user, user.ghost, user.public) end
  user.real, forgotten = forget(user, user.real, remembered(user))
  if forgotten then make_visible(user, now) end
  settle_membership(user)
  local public = show(user.public, user.ghost or user.real, false)
  local own = show(user.own, user.real, true)
  if not (public or own) then return end
  local time = change_time()
  if public then
    user.public.changed, user.publish = time, true
  end
  if own then
    user.own.changed, user.publish_own = time, true
  end
end

-- A user that was only asked about, and that the store does not know, leaves nothing behind.
local function is_blank(user)
  return not user.raw.h and not user.publish and not user.publish_own
    and next(user.real.devices) == nil and not user.real.chosen
end

local function record_of(name, record)
  return { name, record.version, record.changed, record.last_seen, record.body }
end
