"""Tracks of people and objects over one window, and what they do in zones and at lines."""
