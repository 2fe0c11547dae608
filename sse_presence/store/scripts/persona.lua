-- A persona: devices and an override ageing together (domain/rules.py, "Ageing" and "Status").
-- {devices = name -> device, chosen = {status, text, emoji, until, at} or false, seen, since,
--  forgotten = nothing is left that retention would end}

local function new_persona()
  return { devices = {}, chosen = false, seen = 0, since = 0, forgotten = true }
end

local function last_activity(persona)
  local latest = persona.seen
  for _, d in pairs(persona.devices) do
    if d.input_at > persona.since and d.input_at > latest then latest = d.input_at end
  end
  return latest
end

local function drop_device(persona, name)
  persona.seen = last_activity(persona)
  persona.devices[name] = nil
end

local function age(persona, time)
  local gone = {}
  for name, d in pairs(persona.devices) do
    if time >= d.deadline then gone[#gone + 1] = name end
  end
  for _, name in ipairs(gone) do drop_device(persona, name) end
  for _, d in pairs(persona.devices) do
    d.idle = d.idle or time >= idle_at(d)
  end
  local chosen = persona.chosen
  if chosen and chosen[4] and time >= chosen[4] then persona.chosen = false end
end

local function forgive(persona, from, to)
  age(persona, from)
  for _, d in pairs(persona.devices) do
    if d.grace == NO_GRACE then
      d.deadline = math.max(d.deadline, to + FACTOR * d.interval)
      if not d.idle then d.active_until = to + d.interval end
    end
  end
end

local function status_of(persona)
  if next(persona.devices) == nil then return 'offline' end
  if persona.chosen and persona.chosen[1] ~= 'online' then return persona.chosen[1] end
  for _, d in pairs(persona.devices) do
    if not d.idle then return 'online' end
  end
  return 'idle'
end

local function timer_of(persona)
  local first = NEVER
  for _, d in pairs(persona.devices) do
    first = math.min(first, d.deadline)
    if not d.idle then first = math.min(first, idle_at(d)) end
  end
  if persona.chosen and persona.chosen[4] then first = math.min(first, persona.chosen[4]) end
  return first
end

local function retained_until(persona, record)
  if persona.forgotten or next(persona.devices) ~= nil then return NEVER end
  return math.max(record.changed, persona.chosen and persona.chosen[5] or 0) + RETENTION
end

-- Bodies (domain/body.py): JSON members in one fixed order, so that equality is equality of bytes.

local OFFLINE = '"status":"offline"'

local function choice_members(chosen)
  local members = ''
  if chosen[2] then members = members .. ',"text":' .. cjson.encode(chosen[2]) end
  if chosen[3] then members = members .. ',"emoji":' .. cjson.encode(chosen[3]) end
  if chosen[4] then members = members .. string.format(',"until":%.0f', chosen[4]) end
  return members
end

local function activity_of(persona)
  local tag, at, by = false, -1, ''
  for name, d in pairs(persona.devices) do
    if d.activity and (d.activity_at > at or d.activity_at == at and name > by) then
      tag, at, by = d.activity, d.activity_at, name
    end
  end
  return tag
end

local function device_kinds(persona)
  local present, kinds = {}, {}
  for _, d in pairs(persona.devices) do present[KINDS[d.kind]] = true end
  for kind in pairs(present) do kinds[#kinds + 1] = kind end
  table.sort(kinds)
  return '"' .. table.concat(kinds, '","') .. '"'
end

local function body_of(persona, status, own)
  local body = '"status":"' .. status .. '"'
  local chosen = persona.chosen
  if next(persona.devices) ~= nil then
    local activity = activity_of(persona)
    if activity then body = body .. ',"activity":' .. cjson.encode(activity) end
    if chosen then body = body .. choice_members(chosen) end
    body = body .. ',"devices":[' .. device_kinds(persona) .. ']'
  end
  if own and chosen then
    body = body .. ',"override":{"status":"' .. chosen[1] .. '"' .. choice_members(chosen) .. '}'
  end
  return body
end
