"""The formats that cross a process boundary: records, objects, events, ids. Pure code, no I/O."""
