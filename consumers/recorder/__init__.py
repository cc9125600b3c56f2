"""The recorder: every frame into a clean clip, nothing searched and nothing drawn."""
