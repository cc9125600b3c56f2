"""The audit log: who did what, appended for ever, each entry bound to the one before."""
