"""`make compose-test`: the whole system in containers, on whatever engine answers."""
