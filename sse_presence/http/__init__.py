"""The HTTP surface: routes, authentication, validation and problem answers."""
