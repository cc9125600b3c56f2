"""Uploads made playable: looked into by a process of their own, copied packet by packet or encoded anew."""
