"""Tickets for and from other libraries: smaller networks to send, foreign files to receive."""
