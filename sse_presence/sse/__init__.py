"""Server-Sent Events: bytes on the wire and the response that carries them."""
