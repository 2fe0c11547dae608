"""Presence state in Redis or Valkey: atomic change and publish, reads, and the sweep of time."""
