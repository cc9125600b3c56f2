"""Signalling: live pictures with boxes for people who may see them (DESIGN 2; the protocol is in `protocol`)."""
