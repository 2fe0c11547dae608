"""Presence rules as pure values and functions: no clock, randomness, asyncio or Redis."""
