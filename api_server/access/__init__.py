"""Who may do what: one function decides every access."""
