"""From the bus to the streams: who watches whom, and when a frame is due."""
