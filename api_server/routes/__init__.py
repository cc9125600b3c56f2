"""The routes, one file per noun. Each has a function that returns its part of the route table."""
