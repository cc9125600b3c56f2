"""How far behind every camera is: what the consumers say of themselves, put together."""
