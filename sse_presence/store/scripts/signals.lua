-- What signals do to a user (domain/rules.py, "Signals"). Each returns the operation's result; for
-- heartbeat and leave that is {own status, last seq of a newer signal or false}.

local operations = {}

local function drop_oldest(persona, kept)
  local oldest
  local count = 0
  for name, d in pairs(persona.devices) do
    count = count + 1
    if name ~= kept then
      local than = oldest and persona.devices[oldest]
      if not than or d.signalled < than.signalled or d.signalled == than.signalled and name < oldest then
        oldest = name
      end
    end
  end
  if count > MAX_DEVICES then drop_device(persona, oldest) end
end

local function finish(user)
  age_user(user)
  settle_user(user)
end

-- A heartbeat that may change something; what it brings: beats.lua.
local function beat(key, name, idle_ms, seq, traits, channels)
  local user = load_user(string.sub(key, #USER_PREFIX + 1))
  local real = user.real
  local old = real.devices[name]
  if old and seq >= 0 and seq < old.seq then
    settle_user(user)
    return { status_of(real), old.seq }
  end
  local d = old or { input_at = 0, idle = false, seq = -1, activity = false, activity_at = now }
  local interval, kind, flags, rest = struct.unpack(UNPACK_TRAITS, traits)
  local activity = string.sub(traits, rest)
  if not (d.idle and idle_ms > interval) then
    d.idle, d.input_at = false, now - idle_ms
  end
  if (d.activity or '') ~= activity then d.activity_at = now end
  take_traits(d, interval, kind, flags, activity)
  d.channels = channels
  if seq >= 0 then d.seq = seq end
  touch(d)
  real.devices[name] = d
  real.forgotten = false
  drop_oldest(real, name)
  finish(user)
  return { status_of(user.real), false }
end

-- Leave: user, device, seq or -1.
function operations.leave(op)
  local user = load_user(op[2])
  local d, seq = user.real.devices[op[3]], op[4]
  local newer = d and seq >= 0 and seq < d.seq and d.seq
  if d and not newer then
    if seq >= 0 then d.seq = seq end
    shorten(d, now + GRACE, LEFT)
  end
  finish(user)
  return { status_of(user.real), newer or false }
end

-- Renew: user, device. A stream of the device is attached. Result: its interval, or false if it is not known.
function operations.renew(op)
  local user = load_user(op[2])
  local d = user.real.devices[op[3]]
  if d and d.grace ~= LEFT then
    local reach = math.min(now + FACTOR * d.interval, d.signalled + RENEWAL_CEILING)
    d.deadline, d.grace = math.max(d.deadline, reach), NO_GRACE
  end
  finish(user)
  return d and d.interval or false
end

-- Closed: user, device. The peer closed the device's last stream.
function operations.closed(op)
  local user = load_user(op[2])
  local d = user.real.devices[op[3]]
  if d and d.grace ~= LEFT then
    shorten(d, now + math.max(GRACE, d.interval + CLOSE_MARGIN), CLOSED)
  end
  finish(user)
  return true
end

-- Choose: user, status, text or false, emoji or false, expires_in or false. Result: the own record.
function operations.choose(op)
  local user = load_user(op[2])
  local status, text, emoji, expires_in = op[3], op[4], op[5], op[6]
  local chosen = false
  if status ~= 'online' or text or emoji then
    chosen = { status, text, emoji, expires_in and now + expires_in, now }
  end
  if status ~= 'invisible' then
    make_visible(user, now)
  elseif not user.ghost then
    local real = user.real
    local ghost = {
      devices = {}, chosen = real.chosen, seen = real.seen, since = real.since, forgotten = real.forgotten,
    }
    for name, d in pairs(real.devices) do
      ghost.devices[name] = unpack_device(pack_device(d), 1, d.channels)
      shorten(ghost.devices[name], now + GRACE, LEFT)
    end
    user.ghost = ghost
  end
  user.real.chosen = chosen
  if chosen then user.real.forgotten = false end
  finish(user)
  return record_of(user.name, user.own)
end

-- Touch: user, device, typing. Typing keeps a known device alive and active; a stop takes no leave back.
function operations.touch(op)
  local user = load_user(op[2])
  local d = user.real.devices[op[3]]
  if d and (op[4] or d.grace ~= LEFT) then
    touch(d)
    if op[4] then d.input_at, d.idle = now, false end
  end
  finish(user)
  return true
end
